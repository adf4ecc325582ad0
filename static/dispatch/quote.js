// The lines of a new price: their sum as they are typed, and another empty line after the last.
// Where the offer waits for reception, the customer can be asked at once all the same: whoever has
// taken the form to send it later tells it so, by a `queued` event. The next one is another offer.
const AMOUNT = /^([+-]?)[^0-9.+-]*([+-]?)((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:[.][0-9]*)?|[.][0-9]+)[^0-9.]*$/;

const DASHES = /[\p{Pd}\u2212]/gu; // keyboards put one for a minus

function read(text) {
  const [, sign, inner, figures] = text.trim().replace(DASHES, "-").match(AMOUNT) || [];
  return figures ? Number(`${sign || inner}${figures.replaceAll(",", "")}`) : NaN;
}

// As the server writes it: `zero` is how it writes none.
function money(amount, zero) {
  const digits = Number.isInteger(amount) ? 0 : 2;
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return (amount < 0 ? "-" : "") + zero.replace("0", Math.abs(amount).toLocaleString("en-US", style));
}

// All that is offered, as pairs of words and amounts.
function offered(form) {
  const lines = [...form.querySelectorAll(".line")].map((line) => {
    const [label, amount] = line.querySelectorAll("input");
    return { label: label.value.trim(), typed: amount.value.trim(), amount: read(amount.value) };
  }).filter(({ label, typed }) => label && typed);
  const items = [...form.querySelectorAll("[data-price]")].filter(({ value }) => value.replace(/^0+/, "").trim());
  return lines.concat(items.map((item) => ({
    label: `${item.value.trim()} × ${item.closest("label").firstElementChild.firstChild.data.trim()}`,
    amount: item.value.trim() * item.dataset.price,
  })));
}

function sum(lines) {
  return Math.round(lines.reduce((total, { amount }) => total + amount, 0) * 100) / 100;
}

document.addEventListener("input", ({ target }) => {
  const form = target.closest?.(".quote .offer form");
  if (!form) return;
  const said = form.querySelector("output"), total = sum(offered(form));
  said.parentElement.hidden = Number.isNaN(total);
  said.textContent = Number.isNaN(total) ? "" : money(total, said.dataset.zero);
  const line = target.closest(".line");
  if (line) judge(line);
  if (line?.matches(":last-child") && target.value) addLine(line);
});

function addLine(last) {
  const next = last.cloneNode(true);
  for (const input of next.querySelectorAll("input")) { input.value = ""; input.removeAttribute("value"); }
  judge(next);
  last.after(next);
}

// Said at once, as the server would: the customer is asked before it has heard of it. One of those
// that were there already goes where it has no amount.
function judge(line) {
  const [label, amount] = line.querySelectorAll("input"), isNew = !label.defaultValue;
  label.required = isNew && amount.value.trim() !== "";
  amount.required = isNew && label.value.trim() !== "";
  const isUnread = amount.value.trim() && Number.isNaN(read(amount.value));
  amount.setCustomValidity(isUnread ? line.parentElement?.dataset.unread || "" : "");
}

// As many lines as were sent, for who is to change them.
document.addEventListener("filling", ({ target, detail: fields }) => {
  const lines = target.querySelector(".lines"), count = fields.filter(([name]) => name === "label").length;
  while (lines?.childElementCount < count) addLine(lines.lastElementChild);
});

document.addEventListener("queued", (event) => {
  const form = event.target.closest(".quote .offer form");
  const lines = form ? offered(form) : [];
  if (!lines.length || Number.isNaN(sum(lines))) return; // the server says why not
  event.preventDefault(); // they are asked in the same sheet
  const quote = form.closest(".quote"), { zero } = form.querySelector("output").dataset;
  const asked = quote.querySelector("template").content.cloneNode(true);
  asked.querySelector(".asked-price strong").textContent = money(sum(lines), zero);
  asked.querySelector("[name=id]").value = form.elements.id.value;
  asked.querySelector(".bill").replaceChildren(...lines.map((line) => {
    const entry = document.createElement("li");
    for (const text of [line.label, money(line.amount, zero)]) {
      entry.append(Object.assign(document.createElement("span"), { textContent: text }), " ");
    }
    return entry;
  }));
  quote.querySelector(".asked")?.remove();
  quote.prepend(asked);
  form.elements.id.value = crypto.getRandomValues(new Uint32Array(3)).join("-");
  form.closest("details")?.removeAttribute("open");
});
