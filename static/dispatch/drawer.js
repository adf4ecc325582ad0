// The drawer: a job's page, shown over the board. Its forms are plain ones; here they are sent
// without leaving the page, and what is half typed in the others stays.
import { busy, copyButtons, parse, send } from "../site/live.js";
import { steady } from "../site/steady.js";
import { say, sayAnswer, sayRefusal } from "./announcing.js";
import { board, cardOf, movedHere, refresh } from "./board.js";
import { isBack, typedIn } from "./typed.js";

const drawer = document.getElementById("drawer"), inside = drawer.querySelector(".inside");
const toasts = document.getElementById("toasts");
const SAVED = `unsent ${board.dataset.member}`; // the next one at this browser is not to read it
const LEFT = `left ${SAVED}`; // the same, as this page was left, for Back
const saved = sessionStorage.getItem(SAVED) || (isBack && sessionStorage.getItem(LEFT));
const unsent = new Map(JSON.parse(saved || "[]")); // job id → drafts in its drawer
sessionStorage.removeItem(LEFT);

// After an answer other buttons may stand where the one was that was pressed.
const hasCome = steady(inside, () => shownJob());

let opening = 0;
export async function openDrawer(url) {
  const mine = ++opening;
  const [answer] = await Promise.all([send(url), withTheRest()]);
  if (mine !== opening) return; // another one was opened meanwhile
  if (hasJob(answer)) show(answer);
  else sayRefusal(answer);
}

export function hasJob(answer) {
  return parse(answer.html).querySelector("[data-job]") !== null;
}

export function show(answer) {
  withTheRest();
  fill(answer);
  const { job } = shownJob().dataset;
  refill(unsent.get(job) || []);
  if (unsent.delete(job)) saveUnsent();
  if (!drawer.open) drawer.showModal();
  drawer.append(toasts); // what is beside an open dialog can be neither seen nor pressed
  inside.scrollTop = 0;
  (inside.querySelector("[aria-invalid=true]") || drawer.querySelector("h2")).focus();
}

// What only a drawer needs does not make the board's first visit heavier.
let rest;
function withTheRest() {
  rest ||= Promise.all([...document.querySelectorAll("link[data-later]")].map((style) => new Promise((done) => {
    style.onload = style.onerror = done;
    style.disabled = false;
  })));
  import("./quote.js").catch(() => {}); // all works without
  import("../site/photos.js").catch(() => {});
  return rest;
}

// Where the focus goes when the work on a job is done.
export function focusCard(id) {
  if (!drawer.open) cardOf(id)?.focus();
}

function shownJob() {
  return inside.querySelector("[data-job]");
}

function fill(answer) {
  inside.innerHTML = answer.html;
  copyButtons(inside, "");
}

inside.addEventListener("submit", (event) => {
  const form = event.target, button = event.submitter;
  event.preventDefault();
  busy(button, async () => take(await send(form.action, new FormData(form, button)), form));
});

async function take(answer, form) {
  if (!inside.contains(form)) await takeLate(answer, form);
  else if (!hasJob(answer)) sayRefusal(answer);
  else {
    redraw(answer, form);
    if (answer.ok || answer.status === 409) hasCome(shownJob(), { follows: true });
    if (answer.ok) movedHere(shownJob().dataset.job);
    say(inside.querySelector(".said")?.textContent || "", { spokenOnly: true });
    tellOfMove(answer, form);
    await refresh();
  }
}

// The drawer was closed meanwhile: it may show another job.
async function takeLate(answer, form) {
  if (answer.ok) forget(form);
  if (sayAnswer(answer)) tellOfMove(answer, form);
  await refresh();
}

// The drawer has an undo of its own; once it is closed, the board's is needed.
function tellOfMove(answer, form) {
  if (!answer.ok || !form.action.endsWith("/move")) return;
  const detail = { page: parse(answer.html), undoable: !form.matches(".undo") };
  board.dispatchEvent(new CustomEvent("moved", { detail }));
}

function redraw(answer, sent) {
  const kept = drafts(sent), returnCaret = caret(sent);
  const refused = answer.ok ? [] : typedIn(sent);
  const scroll = inside.scrollTop;
  fill(answer);
  refill(kept);
  markUnsent(refused);
  inside.scrollTop = answer.ok ? scroll : 0;
  const first = inside.querySelector("[aria-invalid=true]") || drawer.querySelector("h2");
  if (!returnCaret()) first.focus({ preventScroll: answer.ok });
}

board.addEventListener("merged", () => {
  const shown = shownJob();
  if (!drawer.open || !shown || shown.querySelector(".stale")) return;
  const card = cardOf(shown.dataset.job);
  if (!card || Number(card.dataset.version) <= Number(shown.dataset.version)) return;
  const note = document.createElement("div");
  Object.assign(note, { className: "notice stale", role: "status" });
  shown.prepend(note);
  const again = document.createElement("button");
  Object.assign(again, { type: "button", className: "button small", textContent: drawer.dataset.again });
  again.addEventListener("click", () => {
    putAside();
    openDrawer(card.querySelector("a[data-drawer]").href);
  });
  note.append(`${drawer.dataset.stale} `, again);
});

drawer.querySelector(".close").addEventListener("click", () => drawer.close());
drawer.addEventListener("close", () => {
  const id = shownJob()?.dataset.job;
  putAside();
  document.body.append(toasts);
  inside.replaceChildren();
  if (id) focusCard(id);
});

// --- drafts: what is typed and not sent yet ----------------------------------------------

function putAside() {
  const shown = shownJob();
  if (shown) unsent.set(shown.dataset.job, drafts(null));
}

function saveUnsent() {
  sessionStorage.setItem(SAVED, JSON.stringify([...unsent]));
}

// They wait in this tab until their writer has signed in again.
board.addEventListener("leaving", () => {
  putAside();
  saveUnsent();
});

addEventListener("pagehide", () => {
  putAside();
  sessionStorage.setItem(LEFT, JSON.stringify([...unsent]));
});

// What was sent is no draft any more.
function forget(form) {
  const action = form.getAttribute("action");
  for (const [job, kept] of unsent) unsent.set(job, kept.filter(([sentTo]) => sentTo !== action));
}

// What is typed in the other forms outlives the answer to the one that was sent. With it goes the
// version that its writer saw, so that the server still notices what others changed since.
function drafts(sent) {
  const kept = [];
  for (const form of inside.querySelectorAll("form[method=post]")) {
    if (form === sent) continue;
    const fields = typedIn(form);
    if (fields.length && form.elements.version) fields.push(form.elements.version);
    for (const field of fields) kept.push([form.getAttribute("action"), field.name, field.value, placeOf(field), field.checked]);
  }
  return kept;
}

function refill(kept) {
  for (const [action, name, value, place, checked] of kept) {
    const field = fieldOf(action, name, place);
    if (!field) continue;
    if (field.matches("[type=radio], [type=checkbox]")) field.checked = checked !== false;
    else field.value = value;
    field.closest("details")?.setAttribute("open", "");
  }
}

// What was refused comes back as if it had always been there: it is as unsent as before.
function markUnsent(fields) {
  for (const sent of fields) {
    const field = fieldOf(sent.form.getAttribute("action"), sent.name, placeOf(sent));
    if (field) field.dataset.unsent = "";
  }
}

// Whoever writes in another form than the one that was sent goes on where the caret was: the
// function returned puts it there in the fresh drawer, and returns whether it did.
function caret(sent) {
  const field = document.activeElement, { form, name, selectionStart, selectionEnd } = field;
  if (!inside.contains(field) || !form || form === sent || field.matches("button")) return () => false;
  const action = form.getAttribute("action"), place = placeOf(field);
  return () => {
    const same = fieldOf(action, name, place);
    if (!same) return false;
    same.closest("details")?.setAttribute("open", "");
    same.focus({ preventScroll: true });
    if (typeof selectionStart === "number") same.setSelectionRange(selectionStart, selectionEnd);
    return true;
  };
}

function fieldOf(action, name, place) {
  const forms = [...inside.querySelectorAll("form")];
  const form = forms.find((each) => each.getAttribute("action") === action && each.elements[name]);
  return form && twins(form, name)[place];
}

// The place of a field among those of its form that have its name.
function placeOf(field) {
  return twins(field.form, field.name).indexOf(field);
}

function twins(form, name) {
  return [...form.elements].filter((field) => field.name === name);
}
