// A field that is being mended is not wrong any more; nor does the page go on saying so.
function mend({ target }) {
  const field = target.closest?.(".field.wrong");
  if (!field) return;
  field.classList.remove("wrong");
  for (const error of field.querySelectorAll(".error")) error.remove();
  for (const each of field.querySelectorAll("[aria-invalid], [aria-describedby]")) {
    each.removeAttribute("aria-invalid");
    each.removeAttribute("aria-describedby");
  }
  if (!document.querySelector(".field.wrong")) document.querySelector("[data-marked]")?.remove();
}

addEventListener("input", mend);
addEventListener("change", mend);
