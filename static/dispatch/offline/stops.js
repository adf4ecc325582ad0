// The stops of the day, as they will be once all that was tapped is sent: the next step's button is
// the one to press. What waits is shown as waiting, and nothing as done.
import { since, statusOf } from "./heard.js";
import { statusAfter } from "./queue.js";

const MADE = new WeakMap(), SAID = new WeakMap(); // buttons and lines as the server made them
const LAST = new WeakMap(); // the last tap of a stop
const OVER = ["completed", "cancelled"], GIVEN_BACK = "booked";
const MOST_LINES = 2; // of what waits; the bar's list has all
const bar = document.getElementById("reception"), labels = JSON.parse(bar.dataset.labels);

// They are dear to make.
const formatter = (options) => new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: bar.dataset.timezone, ...options });
const DAY = formatter({ dateStyle: "short" }), TIME = formatter({ timeStyle: "short" });
const BOTH = formatter({ dateStyle: "medium", timeStyle: "short" });

export function stopOf(id) {
  return document.getElementById(`job-${id}`);
}

// A tap's name, and when it was, by the business's clock.
export function said(tap) {
  return `${tap.what}, ${clock(tap.tapped)}`;
}

export function clock(at) {
  return (DAY.format(at) === DAY.format(Date.now()) ? TIME : BOTH).format(at);
}

export function project(taps, stops = document.querySelectorAll(".stop[data-id]")) {
  for (const stop of stops) {
    const own = taps.filter((tap) => tap.job === stop.dataset.id);
    const status = statusAfter(own, statusOf(stop)), isOver = OVER.includes(status) || own.findLast(({ to }) => to)?.to === GIVEN_BACK;
    stop.toggleAttribute("data-ahead", own.length > 0 && isOver); // with all that is tapped nothing is left to do there
    showWaiting(stop, own);
    if (since(stop) || own.some(({ from }) => from)) follow(stop, status);
    else for (const button of buttons(stop)) set(button, made(button));
  }
  for (const stop of document.querySelectorAll(".stop.large")) showNext(stop);
}

// In the place of how the job stands, so that nothing moves.
function showWaiting(stop, taps) {
  const line = stop.querySelector(".state .said");
  if (!line) return;
  if (!SAID.has(line)) SAID.set(line, line.textContent);
  const { now, waits, asks } = bar.dataset;
  const lines = taps.slice(-MOST_LINES).map((tap) => (tap.state === "needs" ? asks : waits).replace("%s", () => said(tap)));
  if (lines.length < taps.length) lines.unshift("…");
  if (since(stop)) lines.unshift(now.replace("%s", labels[since(stop)]));
  const text = lines.join(" · ");
  if (line.textContent !== (text || SAID.get(line))) line.textContent = text || SAID.get(line);
  stop.querySelector("summary").dataset.waits = taps.length ? lines.at(-1) : ""; // for one that is folded
  showUndo(stop, taps.at(-1));
}

// The last tap is taken back first, while it waits or the page does not show it yet; then what the
// server knows of.
function showUndo(stop, waiting) {
  const last = waiting || (since(stop) && LAST.get(stop));
  LAST.set(stop, last);
  const theirs = stop.querySelector(".state form.undo");
  let ours = stop.querySelector(".state > button");
  if (theirs) theirs.hidden = Boolean(last);
  if (!last) return ours?.remove();
  if (!ours) {
    ours = Object.assign(document.createElement("button"), { type: "button", className: "button undo", textContent: bar.dataset.undo });
    stop.querySelector(".state").append(ours);
  }
  ours.onclick = () => stop.dispatchEvent(new CustomEvent("untap", { bubbles: true, detail: last }));
}

// As the server shows it once it has heard: over the steps, away from where the thumb was.
function showNext(stop) {
  const way = stop.querySelector(".bar form.way"), next = document.querySelector("#rest > .stop:not([data-ahead])");
  if (!way) return;
  way.hidden = stop.matches("[data-ahead]") && next !== null;
  let link = stop.querySelector(".bar .on a");
  if (!way.hidden) return link?.parentElement.remove();
  if (!link) {
    const line = Object.assign(document.createElement("p"), { className: "on" });
    link = Object.assign(document.createElement("a"), { className: "button primary" });
    line.append(link);
    way.before(line);
  }
  link.dataset.open = next.dataset.id;
  link.href = next.querySelector("[data-open]").href;
  link.textContent = bar.dataset.next.replace("%s", () => next.dataset.name);
}

function buttons(root) {
  return root.querySelectorAll("form[data-queue][data-from] button:not([type=button])");
}

function made(button) {
  if (!MADE.has(button)) MADE.set(button, { disabled: button.disabled, primary: button.matches(".primary") });
  return MADE.get(button);
}

function set(button, { disabled, primary }) {
  made(button);
  if (button.disabled !== disabled) button.disabled = disabled; // not while it is pressed for nothing
  button.classList.toggle("primary", primary);
}

// Each step's button becomes pressable by the status that it begins at; the first that leads on is
// the green one, unless that is to go on to the next stop.
function follow(stop, status) {
  let found = false;
  for (const button of buttons(stop)) {
    const { from, to } = button.form.dataset, disabled = !from.split(" ").includes(status);
    const primary = !found && !disabled && Boolean(to) && !stop.matches("[data-ahead]") && button.closest(".bar") !== null;
    set(button, { disabled, primary });
    found ||= primary;
  }
}
