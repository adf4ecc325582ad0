// The month: arrow keys walk from day to day, and a click changes one without leaving the page.
import { ask } from "../site/live.js";

const place = document.getElementById("month");

function grid() {
  return [...place.querySelectorAll(".days tbody tr")].map((row) => [...row.querySelectorAll("td")]);
}

// One day can be reached with Tab; from there on it is the arrows that lead.
function reach(button) {
  for (const each of place.querySelectorAll(".days button")) each.tabIndex = each === button ? 0 : -1;
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

place.addEventListener("keydown", (event) => {
  const button = event.target.closest?.(".days button");
  const step = STEPS[event.key];
  if (!button || !step || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const cells = grid(), cell = button.closest("td");
  const row = cells.findIndex((each) => each.includes(cell));
  cells[row + step[0]]?.[cells[row].indexOf(cell) + step[1]]?.querySelector("button")?.focus();
});

place.addEventListener("focusin", (event) => {
  if (event.target.matches(".days button")) reach(event.target);
});

place.addEventListener("submit", async (event) => {
  const button = event.submitter, form = event.target;
  if (form.id !== "days" || !button) return;
  event.preventDefault();
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    await change(button, form);
  } catch {
    tell("We could not reach the server. Nothing was changed; please try again.");
  } finally {
    button.removeAttribute("aria-busy");
  }
});

async function change(button, form) {
  const address = button.getAttribute("formaction"), body = new FormData(form);
  body.set(button.name, button.value);
  const answer = await ask(address, { body });
  if (answer.status === 401) return location.reload();
  const fresh = new DOMParser().parseFromString(answer.html, "text/html").getElementById("month");
  if (!fresh) return tell("That did not work. Please load the page again.");
  const wide = place.querySelector(".days-wide").scrollLeft;
  place.querySelector(".days").replaceWith(fresh.querySelector(".days"));
  place.querySelector(".days-wide").scrollLeft = wide;
  const same = place.querySelector(`.days button[formaction="${CSS.escape(address)}"]`);
  same?.focus();
  if (same) tell(same.getAttribute("aria-label"), true);
}

function tell(text, unseen = false) {
  const told = document.getElementById("told");
  told.classList.toggle("hidden", unseen); // where the page shows it already, it is only spoken
  told.textContent = text;
}

reach(place.querySelector(".days button"));
const today = place.querySelector(".days .today"), wide = place.querySelector(".days-wide");
if (today) wide.scrollLeft = today.offsetLeft - wide.querySelector("th").offsetWidth - 8;
