// Photos are made small before they are sent: a phone with little reception sends a tenth of them.
// What the browser cannot decode stays as it is, for the server to judge.
const LONGER_SIDE = 1600, QUALITY = 0.82; // pixels, of a JPEG
const CHOSEN = "input[type=file][name=photo]";
const working = new Map(); // form → until all that was chosen last is small

// Before anybody else hears of it: they may send it at once.
document.addEventListener("change", ({ target }) => {
  const form = target.matches?.(CHOSEN) && target.form;
  if (!form) return;
  const work = prepare(target).finally(() => {
    if (working.get(form) === work) working.delete(form);
  });
  working.set(form, work);
}, { capture: true });

// And before whoever sends it, the page itself or a script: they find the small ones.
addEventListener("submit", async (event) => {
  const form = event.target, button = event.submitter;
  if (!working.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if ("waits" in form.dataset) return;
  form.dataset.waits = "";
  while (working.has(form)) await working.get(form);
  delete form.dataset.waits;
  if (form.isConnected) form.requestSubmit(button?.isConnected ? button : null);
}, { capture: true });

document.addEventListener("reset", ({ target }) => previewsOf(target)?.replaceChildren());

async function prepare(input) {
  const files = [...input.files], previews = previewsOf(input.form);
  if (files.length > Number(input.dataset.most || Infinity)) {
    input.value = "";
    previews.replaceChildren(previews.dataset.tooMany);
    return;
  }
  previews?.replaceChildren(files.length ? previews.dataset.busy : "");
  const small = new DataTransfer();
  for (const file of files) small.items.add(await shrink(file)); // one by one: each fills memory
  const isNewest = files.length === input.files.length && files.every((file, at) => file === input.files[at]);
  if (!isNewest) return; // others were chosen meanwhile
  input.files = small.files;
  previews?.replaceChildren(...[...small.files].map((file) => preview(file, previews.dataset.alt)));
}

function previewsOf(form) {
  return form.querySelector(".previews");
}

async function shrink(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const blob = await drawn(picture);
    picture.close();
    const name = `${file.name.replace(/\.\w+$/, "")}.jpg`;
    return new File([blob], name, { type: "image/jpeg", lastModified: file.lastModified });
  } catch {
    return file;
  }
}

function drawn(picture) {
  const scale = Math.min(1, LONGER_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white"; // a JPEG cannot be looked through
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) => {
    canvas.toBlob((blob) => (blob ? done(blob) : failed()), "image/jpeg", QUALITY);
  });
}

function preview(file, alt) {
  const image = new Image();
  image.alt = alt;
  image.src = URL.createObjectURL(file);
  const forget = () => URL.revokeObjectURL(image.src);
  image.addEventListener("load", forget);
  image.addEventListener("error", forget);
  return image;
}
