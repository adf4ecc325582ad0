// Says what is left in the windows of the chosen day, and greys out what has no room for what is
// to be hauled. The server checks all of it again.
const days = document.querySelector(".days-offered"), form = days.closest("form");

function narrow() {
  const needed = Number(form.querySelector("[name=load]:checked")?.dataset.places || 1);
  const isShort = (slot) => "places" in slot.dataset && Number(slot.dataset.places) < needed;
  for (const radio of days.querySelectorAll("[name=date]")) {
    const slots = [...radio.parentElement.querySelectorAll("[data-window]")];
    radio.disabled = !radio.checked && slots.every(isShort);
  }
  const chosen = days.querySelector("[name=date]:checked")?.parentElement;
  for (const radio of form.querySelectorAll("[name=window]")) {
    const slot = chosen?.querySelector(`[data-window="${radio.value}"]`);
    radio.disabled = Boolean(chosen) && (!slot || isShort(slot));
    if (radio.disabled) radio.checked = false;
    radio.closest("label").querySelector("[data-left]").textContent = slot?.textContent ?? "";
  }
}

form.addEventListener("change", narrow);
addEventListener("pageshow", narrow);
