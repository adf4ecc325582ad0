// Who calls is looked up as soon as the number is there; a tap on a day chooses it; the price of
// the load is shown. Without this, the form's own buttons do the same.
import { busy, parse, send } from "../site/live.js";

const form = document.getElementById("new-job");
const { phone, date, window: part, load, price } = form.elements;
const prices = JSON.parse(document.getElementById("prices").textContent);
const hint = document.getElementById("of-load"), usual = hint.textContent;

async function lookUp(button) {
  const body = new FormData(form);
  body.set("lookup", "1");
  await busy(button, async () => {
    const answer = await send(form.action || location.href, body);
    const fresh = answer.ok && parse(answer.html).getElementById("callers");
    if (fresh) document.getElementById("callers").replaceWith(fresh);
  });
}

function choose(slot) {
  [date.value, part.value] = slot.value.split(" ");
  mark();
}

function mark() {
  for (const slot of form.querySelectorAll("[name=slot]")) {
    slot.setAttribute("aria-pressed", String(slot.value === `${date.value} ${part.value}`));
  }
}

// A price that was typed stays; what the load costs is said beside it.
function sayPrice() {
  const of = prices[load.value];
  price.placeholder = of || "";
  hint.textContent = of && price.value.trim() ? `${load.selectedOptions[0].text}: ${of}. ${usual}` : usual;
}

phone.addEventListener("change", () => lookUp(phone));
for (const field of [date, part]) field.addEventListener("change", mark);
for (const field of [load, price]) field.addEventListener("input", sayPrice);
form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.name === "slot") { event.preventDefault(); choose(button); }
  if (button?.name === "lookup") { event.preventDefault(); lookUp(button); }
});
sayPrice();
