// Says what is left in the windows of the chosen day, greys out those that have no room for the
// load, and says that sending takes a moment. The server checks all of it again.
const form = document.querySelector("form[data-once]");
const days = JSON.parse(document.getElementById("days").textContent);

// The back button may fetch this page anew; its history still knows the key of the first time.
// An answer to a sent form keeps its key by itself, and would forget the rest at a reload.
if (!("answer" in form.dataset)) {
  form.elements.key.value = history.state?.key || form.elements.key.value;
  history.replaceState({ key: form.elements.key.value }, "");
}

function narrow() {
  const windows = days[form.elements.date.value];
  const needed = Number(form.querySelector("[name=load]:checked")?.dataset.places || 1);
  for (const radio of form.querySelectorAll("input[name=window]")) {
    const [places, words] = windows ? windows[radio.value] || [0, ""] : [null, ""];
    radio.disabled = Boolean(windows) && places !== null && places < needed;
    if (radio.disabled) radio.checked = false;
    radio.closest("label").querySelector("[data-left]").textContent = words;
  }
}

form.addEventListener("change", narrow);
const WRONG = "[aria-invalid=true]";
addEventListener("pageshow", () => {
  narrow();
  form.querySelector(`${WRONG}:not(fieldset), ${WRONG} input:enabled`)?.focus();
  form.querySelector("button").removeAttribute("aria-busy");
});
form.addEventListener("submit", (event) => {
  const button = event.submitter ?? form.querySelector("button");
  if (button.getAttribute("aria-busy")) event.preventDefault();
  button.setAttribute("aria-busy", "true");
});
