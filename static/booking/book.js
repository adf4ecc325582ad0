// Greys out the windows that the chosen day does not have, and says that sending takes a moment.
// The server checks both again.
const form = document.querySelector("form[data-once]");
const offered = JSON.parse(document.getElementById("offered").textContent);

// The back button may fetch this page anew; its history still knows the key of the first time.
// An answer to a sent form keeps its key by itself, and would forget the rest at a reload.
if (!("answer" in form.dataset)) {
  form.elements.key.value = history.state?.key || form.elements.key.value;
  history.replaceState({ key: form.elements.key.value }, "");
}

function narrow() {
  const windows = offered[form.elements.date.value];
  for (const radio of form.querySelectorAll("input[name=window]")) {
    radio.disabled = Boolean(windows) && !windows.includes(radio.value);
    if (radio.disabled) radio.checked = false;
  }
}

form.elements.date.addEventListener("change", narrow);
const WRONG = "[aria-invalid=true]";
addEventListener("pageshow", () => {
  narrow();
  form.querySelector(`${WRONG}:not(fieldset), ${WRONG} input:enabled`)?.focus();
  form.querySelector("button").removeAttribute("aria-busy");
});
form.addEventListener("submit", (event) => {
  const button = form.querySelector("button");
  if (button.getAttribute("aria-busy")) event.preventDefault();
  button.setAttribute("aria-busy", "true");
});
