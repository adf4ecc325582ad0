// On every page of the crew: what the phone keeps of the day goes with its session, and signing out
// asks first while something waits to be sent.
const note = document.getElementById("leaving"), { member, day, worker } = note.dataset;
export const COPIES = "qdn-day-"; // what their names begin with, of whatever format

// Where a browser keeps nothing, as in a private window, there is nothing to forget.
export async function forget() {
  const names = await window.caches?.keys().catch(() => []) || [];
  await Promise.all(names.filter((name) => name.startsWith(COPIES)).map((name) => caches.delete(name)));
}

async function forgetOthers() {
  const kept = await window.caches?.match(day).catch(() => {});
  if (kept && kept.headers.get("Qdn-Member") !== member) await forget();
}

forgetOthers();
navigator.serviceWorker?.register(worker).catch(() => {}); // all but the copy works without it

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-leaves]")) return;
  event.preventDefault();
  if (await stays()) return;
  await forget();
  form.submit();
});

// Where the queue cannot be read, nobody is kept from leaving.
async function stays() {
  const { tapsOf } = await import("./queue.js");
  const count = (await tapsOf(member).catch(() => [])).length;
  if (!count) return false;
  const { one, many } = note.dataset;
  note.querySelector("p").textContent = count > 1 ? many.replace("%d", count) : one;
  note.showModal();
  await new Promise((done) => { note.addEventListener("close", done, { once: true }); });
  return note.returnValue !== "leave";
}
