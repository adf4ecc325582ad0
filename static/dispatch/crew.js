// The month: arrow keys walk from day to day, and a click changes one without leaving the page.
import { busy, parse, send } from "../site/live.js";

const month = document.getElementById("month");
const told = document.getElementById("told"); // with what it may have to say

function grid() {
  return [...month.querySelectorAll(".days tbody tr")].map((row) => [...row.querySelectorAll("td")]);
}

// One day can be reached with Tab; from there on it is the arrows that lead.
function reach(button) {
  for (const each of month.querySelectorAll(".days button")) each.tabIndex = each === button ? 0 : -1;
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

month.addEventListener("keydown", (event) => {
  const button = event.target.closest?.(".days button");
  const step = STEPS[event.key];
  if (!button || !step || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const cells = grid(), cell = button.closest("td");
  const row = cells.findIndex((each) => each.includes(cell));
  cells[row + step[0]]?.[cells[row].indexOf(cell) + step[1]]?.querySelector("button")?.focus();
});

month.addEventListener("focusin", (event) => {
  if (event.target.matches(".days button")) reach(event.target);
});

month.addEventListener("submit", (event) => {
  const button = event.submitter, form = event.target;
  if (form.id !== "days" || !button) return;
  event.preventDefault();
  busy(button, () => change(button, form));
});

async function change(button, form) {
  const address = button.getAttribute("formaction"), body = new FormData(form);
  body.set(button.name, button.value);
  const answer = await send(address, body);
  if (answer.status === 401) return location.reload();
  if (!answer.status) return tell(told.dataset.unreachable);
  const fresh = parse(answer.html).getElementById("month");
  if (!fresh) return tell(told.dataset.failed);
  const region = month.querySelector(".days-wide"), scroll = region.scrollLeft;
  month.querySelector(".days").replaceWith(fresh.querySelector(".days"));
  region.scrollLeft = scroll;
  const same = month.querySelector(`.days button[formaction="${CSS.escape(address)}"]`);
  same?.focus();
  if (same) tell(same.getAttribute("aria-label"), { spokenOnly: true });
}

function tell(text, { spokenOnly = false } = {}) {
  told.classList.toggle("hidden", spokenOnly);
  told.textContent = text;
}

reach(month.querySelector(".days button"));
const region = month.querySelector(".days-wide"), today = region.querySelector(".today");
if (today) region.scrollLeft = today.offsetLeft - region.querySelector("th").offsetWidth - 8;
