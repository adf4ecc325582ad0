// The day, fresh every few seconds. What has changed of a stop is changed where it stands; where
// the stops themselves have, nothing moves until the person wants to see it.
import { ask, live, parse, send } from "../site/live.js";
import { steady } from "../site/steady.js";
import { typedIn } from "./typed.js";

export const day = document.getElementById("day");
const told = document.getElementById("told"), changed = document.getElementById("changed");
const SAID = 6000; // ms
const CONTROLS = "a, button, summary, input, textarea";
const hasCome = steady(day, (target) => target.closest(CONTROLS));

export const list = (name) => day.querySelector(`#${name}`);
export const stopOf = (id, root = day) => root.querySelector(`.stop[data-id="${CSS.escape(id)}"]`);
const large = () => list("open").firstElementChild;
const ids = (root, name) => [...root.querySelectorAll(`#${name} > .stop`)].map((it) => it.dataset.id).join();

const LATELY = 10000; // ms within which what comes of a stop is likely of what was tapped there
export const mine = new Map(); // when stops were tapped here, by their ids

let clearing;
export function say(text) {
  clearTimeout(clearing);
  told.textContent = text.trim();
  clearing = setTimeout(() => { told.textContent = ""; }, SAID);
}
setTimeout(() => document.querySelectorAll("#news > .toast:not(#told)").forEach((it) => it.remove()), SAID);

// What a refusal says, whichever page it came as.
export function sayRefusal(answer) {
  if (answer.status === 401) return location.reload();
  const page = parse(answer.html), said = page.querySelector(".said, #news .refused[role=alert], h1 + p");
  say(said?.textContent || told.dataset.failed);
}

function address() {
  const { revision } = day.firstElementChild.dataset;
  return `${day.dataset.poll}&at=${encodeURIComponent(large()?.dataset.id || "")}&r=${revision}`;
}

export const refresh = live({
  address,
  every: Number(day.dataset.every),
  etag: day.dataset.etag,
  lost: (is) => {
    document.getElementById("offline").hidden = !is;
    day.dispatchEvent(new CustomEvent("lost", { detail: is }));
  },
  refused: (answer) => answer.status === 401 && (location.reload(), true),
  apply: (html) => merge(parse(html).firstElementChild),
});

// False where something is left as it was, under a finger or half typed: to be asked for again.
function merge(fresh) {
  if (fresh.dataset.member !== day.dataset.member) return location.reload();
  if (isHeld()) return false;
  const isLeft = [...fresh.querySelectorAll(".stop")].filter((each) => !mergeStop(each)).length > 0;
  changed.hidden = ["open", "rest", "over"].every((name) => ids(fresh, name) === ids(day, name));
  if (changed.hidden) Object.assign(day.firstElementChild.dataset, fresh.dataset);
  day.dispatchEvent(new Event("merged"));
  return !isLeft;
}

function mergeStop(fresh) {
  const stop = stopOf(fresh.dataset.id);
  if (!stop || stop.dataset.etag === fresh.dataset.etag) return true;
  if (isInUse(stop)) return false;
  replace(stop, fresh);
  return true;
}

// A sheet of it is open, or something beside its sheets is chosen and not sent.
function isInUse(stop) {
  return stop.querySelector(":popover-open") || isTypedIn(stop.querySelector(".about"));
}

function isTypedIn(part) {
  return [...part.querySelectorAll("form")].some((form) => typedIn(form).length);
}

// Sheets that are closed and hold what is typed and not sent.
function keepSheets(stop, fresh) {
  for (const sheet of stop.querySelectorAll("[popover]")) {
    if (isTypedIn(sheet)) fresh.querySelector(`#${CSS.escape(sheet.id)}`)?.replaceWith(sheet);
  }
}

function replace(stop, fresh) {
  day.dispatchEvent(new CustomEvent("coming", { detail: fresh }));
  const focus = stop.contains(document.activeElement) ? nameOf(document.activeElement) : "";
  const before = new Set([...stop.querySelectorAll(CONTROLS)].map(nameOf));
  const details = fresh.querySelector(".about");
  details.open = stop.querySelector(".about").open;
  keepSheets(stop, fresh);
  fresh.classList.toggle("large", stop.classList.contains("large"));
  stop.replaceChildren(...fresh.childNodes);
  stop.className = fresh.className;
  for (const name of Object.keys(stop.dataset)) delete stop.dataset[name];
  Object.assign(stop.dataset, fresh.dataset);
  const controls = [...stop.querySelectorAll(CONTROLS)];
  const follows = Date.now() - mine.get(stop.dataset.id) < LATELY;
  for (const each of controls) if (!before.has(nameOf(each))) hasCome(each, { follows });
  if (focus) controls.find((each) => nameOf(each) === focus)?.focus({ preventScroll: true });
  day.dispatchEvent(new CustomEvent("fresh", { detail: stop }));
}

// The same for a control that does the same.
function nameOf(control) {
  if (control.closest(".undo")) return "undo";
  const { localName, name, value, disabled, form } = control;
  return [localName, name, value, disabled, form?.action, control.textContent.trim()].join(" ");
}

// All as `fresh` has it: a person has asked for it, or has changed the order themselves. The focus
// stays on what does the same.
export function show(fresh) {
  const { activeElement: focused } = document, of = focused?.closest?.(".stop")?.dataset.id;
  const { localName, value } = focused || {};
  for (const each of fresh.querySelectorAll(".stop")) {
    const stop = stopOf(each.dataset.id), isLarge = each.classList.contains("large");
    if (!stop) continue;
    if (stop.classList.contains("large") !== isLarge) stop.querySelector(".about").open = isLarge;
    mergeStop(each.cloneNode(true));
    stop.classList.toggle("large", isLarge);
    each.replaceWith(stop);
  }
  fresh.querySelector(".over").open = day.querySelector(".over").open;
  day.replaceChildren(fresh);
  changed.hidden = true;
  day.dispatchEvent(new Event("merged"));
  const stop = of && stopOf(of), same = [...stop?.querySelectorAll(localName) || []];
  const isSame = (it) => it.value === value && it.className === focused.className && !it.disabled;
  (same.find(isSame) || stop?.querySelector(".handle, summary"))?.focus({ preventScroll: true });
}

changed.querySelector("button").addEventListener("click", async () => {
  try {
    const answer = await ask(address());
    if (answer.ok) show(parse(answer.html).firstElementChild);
    else sayRefusal(answer);
  } catch {
    say(told.dataset.failed);
  }
});

// --- which stop is the large one ----------------------------------------------------------

export function openStop(id) {
  const next = stopOf(id), now = large();
  if (!next || next === now) return;
  list("open").append(next);
  if (now) putInPlace(now, list("over" in now.dataset ? "over" : "rest"));
  for (const each of [now, next].filter(Boolean)) {
    each.classList.toggle("large", each === next);
    each.querySelector(".about").open = each === next;
  }
  const [toCome, done] = ["rest", "over"].map((name) => list(name).childElementCount);
  list("rest").parentElement.hidden = !toCome;
  list("over").parentElement.hidden = !done;
  day.querySelector(".over .count").textContent = done;
  history.replaceState(history.state, "", next.querySelector("[data-open]").href);
  scrollTo(0, 0);
  next.querySelector("summary").focus({ preventScroll: true });
  day.dispatchEvent(new Event("merged"));
  refresh();
}

// Among the others as they are driven.
function putInPlace(stop, others) {
  const order = day.firstElementChild.dataset.order.split(" ");
  const isLater = ({ dataset }) => order.indexOf(dataset.id) > order.indexOf(stop.dataset.id);
  others.insertBefore(stop, [...others.children].find(isLater) || null);
}

day.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !stopOf(link.dataset.open)) return;
  event.preventDefault();
  openStop(link.dataset.open);
});

// --- taking back --------------------------------------------------------------------------

day.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (!form.matches("[data-undo]")) return;
  event.preventDefault();
  const body = new FormData(form, submitter);
  submitter.disabled = true;
  const answer = await send(form.action, body);
  if (!answer.ok) sayRefusal(answer);
  await refresh();
  submitter.disabled = false;
});

// --- nothing is replaced under a finger ---------------------------------------------------

const fingers = new Set();
for (const kind of ["pointerdown", "pointerup", "pointercancel"]) {
  addEventListener(kind, ({ pointerId }) => {
    if (kind === "pointerdown") fingers.add(pointerId);
    else fingers.delete(pointerId);
  }, { capture: true, passive: true });
}

export const isHeld = () => fingers.size > 0;
export const isHeldByMore = () => fingers.size > 1;
