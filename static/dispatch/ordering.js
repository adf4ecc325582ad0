// The stops in another order: by the handle, with a finger or the arrow keys, or by the buttons.
import { parse, send } from "../site/live.js";
import { steady } from "../site/steady.js";
import { day, isHeldByMore, list, say, sayRefusal, show } from "./day.js";

const EDGE = 90, STEP = 14; // pixels: so near to the edge of the screen it scrolls, by so much
const hasCome = steady(day, (target) => target.closest("#rest > .stop"));
let held = null, sent = Promise.resolve();

const stops = () => [...list("rest").children];
const movable = () => stops().filter((stop) => stop.querySelector(".handle"));
const order = () => [...list("open").children, ...movable()].map((stop) => stop.dataset.id);

// Handles are there with a script alone; the first goes no earlier, the last no later.
function ready() {
  for (const handle of day.querySelectorAll(".handle")) handle.hidden = false;
  const all = movable();
  for (const [place, stop] of all.entries()) {
    stop.querySelector("[form=order][value='-1']").disabled = place === 0;
    stop.querySelector("[form=order][value='1']").disabled = place === all.length - 1;
  }
}
ready();
day.addEventListener("merged", ready);
day.addEventListener("fresh", ready);

// One after the other, each with the whole order as it is then.
function post(before) {
  const form = document.getElementById("order"), body = new FormData(form);
  for (const id of order()) body.append("job", id);
  body.set("key", crypto.randomUUID());
  const mine = sent.then(async () => {
    const answer = await send(form.action, body);
    const isOvertaken = sent !== mine;
    if (held || answer.ok && isOvertaken) return;
    if (answer.ok) return show(parse(answer.html).firstElementChild);
    putBack(before);
    if (answer.status) sayRefusal(answer);
    else say(document.getElementById("told").dataset.failed);
  });
  sent = mine;
}

function putBack(ids) {
  list("rest").append(...ids.map((id) => stops().find((stop) => stop.dataset.id === id)).filter(Boolean));
}

// By one place, with the focus on what was pressed.
function moveBy(stop, by, control) {
  const all = movable(), other = all[all.indexOf(stop) + by], before = stops().map((it) => it.dataset.id);
  if (!other) return;
  if (by < 0) other.before(stop);
  else other.after(stop);
  hasCome(other);
  control.focus({ preventScroll: true });
  post(before);
}

day.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.id !== "order") return;
  event.preventDefault();
  moveBy(submitter.closest(".stop"), Number(submitter.value), submitter);
});

day.addEventListener("keydown", (event) => {
  const handle = event.target.closest(".handle"), by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!handle || !by || held) return;
  event.preventDefault();
  moveBy(handle.closest(".stop"), by, handle);
});

// --- by drag ------------------------------------------------------------------------------

addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.(".handle");
  if (held) return letGo({ isMeant: false }); // another finger: it scrolls, or was not meant
  if (!handle || event.button || isHeldByMore()) return;
  const stop = handle.closest(".stop");
  handle.setPointerCapture(event.pointerId);
  held = { stop, pointer: event.pointerId, before: stops().map((it) => it.dataset.id), y: event.pageY };
  stop.classList.add("held");
});

addEventListener("pointermove", (event) => {
  if (held?.pointer !== event.pointerId) return;
  if (event.clientY < EDGE) scrollBy(0, -STEP);
  if (event.clientY > innerHeight - EDGE) scrollBy(0, STEP);
  follow(event.clientY + scrollY);
});

// The stop goes with the finger, and past a neighbour once it covers half of it.
function follow(y) {
  const { stop } = held, all = movable(), place = all.indexOf(stop);
  const { top, bottom } = stop.getBoundingClientRect();
  for (const [other, side] of [[all[place - 1], "before"], [all[place + 1], "after"]]) {
    const box = other?.getBoundingClientRect(), half = box && box.top + box.height / 2;
    if (!box || (side === "before" ? top >= half : bottom <= half)) continue;
    const was = stop.offsetTop;
    other[side](stop);
    held.y += stop.offsetTop - was;
    break;
  }
  stop.style.translate = `0 ${y - held.y}px`;
}

addEventListener("pointerup", ({ pointerId }) => held?.pointer === pointerId && letGo({ isMeant: true }));
addEventListener("pointercancel", ({ pointerId }) => held?.pointer === pointerId && letGo({ isMeant: false }));
addEventListener("keydown", ({ key }) => held && key === "Escape" && letGo({ isMeant: false }));

function letGo({ isMeant }) {
  const { stop, before } = held;
  held = null;
  stop.classList.remove("held");
  stop.style.translate = "";
  if (!isMeant) putBack(before);
  else if (before.join() !== stops().map((it) => it.dataset.id).join()) post(before);
}
