// Adds up the price, says what happens next, and that sending takes a moment.
const form = document.querySelector("form[data-once]");

// The back button may fetch this page anew; its history still knows the key of the first time.
// An answer to a sent form keeps its key by itself, and would forget the rest at a reload.
if (!("answer" in form.dataset)) {
  form.elements.key.value = history.state?.key || form.elements.key.value;
  history.replaceState({ key: form.elements.key.value }, "");
}

// --- items -------------------------------------------------------------------------------
for (const button of form.querySelectorAll("[data-step]")) {
  const input = button.parentElement.querySelector("input");
  button.hidden = false;
  button.addEventListener("click", () => {
    const count = (Number(input.value) || 0) + Number(button.dataset.step);
    input.value = Math.min(99, Math.max(0, count)) || "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// --- the price ---------------------------------------------------------------------------
const sum = document.getElementById("sum"), total = sum.querySelector("[data-total]");
form.querySelector("[data-add-up]").hidden = true;

const cents = (input) => Math.round(Number(input.dataset.price) * 100);

// As the server writes it, which shows us 0.
function money(amount) {
  const digits = amount % 100 ? 2 : 0;
  const figure = (amount / 100).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return sum.dataset.money.replace("0", figure);
}

function addUp() {
  const load = form.querySelector("[name=load][data-price]:checked");
  let amount = load ? cents(load) : 0, isAny = Boolean(load);
  for (const item of form.querySelectorAll(".items input")) {
    const count = item.validity.valid ? Number(item.value) : 0;
    amount += count * cents(item);
    isAny ||= count > 0;
  }
  total.textContent = isAny ? money(amount) : total.dataset.none;
}

// --- what happens next -------------------------------------------------------------------
function tell() {
  const { channels = "" } = document.getElementById("next")?.dataset ?? {};
  const isByEmail = channels.includes("email") && form.elements.email.value.trim();
  const told = [form.elements.sms?.checked && "sms", isByEmail && "email"].filter(Boolean).join("+");
  for (const line of form.querySelectorAll("[data-told]")) line.hidden = line.dataset.told !== told;
}

form.addEventListener("input", () => { addUp(); tell(); });
const WRONG = "[aria-invalid=true]";
addEventListener("pageshow", () => {
  addUp();
  tell();
  form.querySelector(`${WRONG}:not(fieldset), ${WRONG} input:enabled`)?.focus();
  form.querySelector(".primary").removeAttribute("aria-busy");
});
form.addEventListener("submit", (event) => {
  const button = event.submitter ?? form.querySelector(".primary");
  if (button.getAttribute("aria-busy")) event.preventDefault();
  button.setAttribute("aria-busy", "true");
});
