// Jobs are moved by drag, by button and by keyboard; what needs a reason asks for it, and for a
// minute the move can be undone.
import { busy, send } from "../site/live.js";
import { say, sayAnswer } from "./announcing.js";
import { board, cardFrom, cardOf, label, movedHere, refresh } from "./board.js";
import { focusCard, hasJob, openDrawer, show } from "./drawer.js";

const UNDO_MS = 60000;
const act = document.getElementById("act"); // with the CSRF token of the page, and a refusal
const why = document.getElementById("why");
const undo = document.getElementById("undo");
const SAVED = `unsent reasons ${board.dataset.member}`; // the next one here is not to read them
const reasons = new Map(JSON.parse(sessionStorage.getItem(SAVED))); // by job and status, as typed
const keys = new Map(); // of taps of which nobody knows whether they were heard
sessionStorage.removeItem(SAVED);

// Each tap has a key of its own, so that it does once what it says; made again because no answer
// came, it is still the same one.
async function tap(address, body, what) {
  if (!keys.has(what)) keys.set(what, crypto.getRandomValues(new Uint32Array(4)).join("-"));
  body.set("key", keys.get(what));
  const answer = await send(address, body);
  if (answer.status && answer.status !== 503) keys.delete(what);
  return answer;
}

// The statuses that this member may move the card to, and whether a reason is needed.
function targets(card) {
  return new Map(card.dataset.targets.split(" ").filter(Boolean).map(
    (target) => [target.replace("?", ""), target.endsWith("?")],
  ));
}

async function move(card, status) {
  const allowed = targets(card);
  if (!allowed.has(status)) return say(act.dataset.refused);
  const body = new FormData(act);
  body.set("status", status);
  body.set("expected", card.dataset.status);
  if (allowed.get(status)) {
    const reason = await askReason(card, status);
    if (!reason) return;
    for (const [name, value] of reason) body.set(name, value);
  }
  const { id } = card.dataset, what = `${id} ${status}`;
  const address = `/dashboard/jobs/${encodeURIComponent(id)}/move`;
  await busy(card, async () => {
    const answer = await tap(address, body, what);
    if (answer.ok) reasons.delete(what);
    if (answer.ok) movedHere(id);
    const isAsked = !answer.ok && hasJob(answer) && answer.html.includes('name="insist"');
    if (isAsked) show(answer);
    await take(answer, { moved: true, spokenOnly: isAsked });
  });
}

// A driver, right on the card. A refusal opens the drawer, where others can be chosen.
async function assign(card, button) {
  const body = new FormData(act);
  body.set("driver", button.value);
  const address = button.getAttribute("formaction");
  const answer = await tap(address, body, `${address} ${button.value}`);
  const isShown = !answer.ok && hasJob(answer);
  if (answer.ok) button.closest(".pick").open = false;
  else if (isShown) show(answer);
  // The drawer says it already: a toast would lie over the very list that it speaks of.
  await take(answer, { spokenOnly: isShown });
  focusCard(card.dataset.id);
}

async function take(answer, { moved = false, undoable = moved, spokenOnly = false } = {}) {
  const page = sayAnswer(answer, { spokenOnly });
  if (page && answer.ok && moved) offerUndo(page, undoable);
  await refresh();
}

board.addEventListener("moved", ({ detail: { page, undoable } }) => offerUndo(page, undoable));

// For a minute each job that was moved can be moved back, however many have been since.
function offerUndo(page, undoable) {
  const { job } = page.querySelector("[data-job]").dataset;
  undo.querySelector(`[data-of="${CSS.escape(job)}"]`)?.remove();
  const form = undoable && page.querySelector("form.undo");
  if (!form) return;
  form.dataset.of = job;
  const name = page.querySelector("h2").textContent;
  form.querySelector("button").textContent = undo.dataset.words.replace("%s", () => name);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    form.remove();
    const answer = await send(form.action, body);
    if (!answer.status) undo.append(form);
    if (answer.ok) movedHere(job);
    await take(answer, { moved: true, undoable: false });
    focusCard(job);
  });
  undo.append(form);
  setTimeout(() => form.remove(), UNDO_MS);
}

// The fields of the reason; null where the job is to stay after all.
function askReason(card, status) {
  why.replaceChildren(document.getElementById("why-form").content.cloneNode(true));
  why.querySelector("#why-what").textContent =
    `${card.querySelector("strong").textContent}: ${label(card.dataset.status)} → ${label(status)}`;
  const form = why.querySelector("form"), code = form.querySelector("select");
  const what = `${card.dataset.id} ${status}`;
  code?.addEventListener("change", () => { form.elements.text.required = code.value === "other"; });
  for (const [name, value] of reasons.get(what) || []) form.elements[name].value = value;
  form.addEventListener("input", () => reasons.set(what, [...new FormData(form)]));
  why.showModal();
  return new Promise((done) => {
    form.addEventListener("submit", (event) => {
      const stays = event.submitter?.value === "no";
      if (stays) reasons.delete(what);
      done(stays ? null : new FormData(form));
    }, { once: true });
    why.addEventListener("close", () => done(null), { once: true });
  });
}

// They wait in this tab until their writer has signed in again.
board.addEventListener("leaving", () => {
  sessionStorage.setItem(SAVED, JSON.stringify([...reasons]));
});

// --- by drag ---------------------------------------------------------------------------

let dragged = null;
board.addEventListener("dragstart", (event) => {
  dragged = event.target.closest(".card");
  if (!dragged) return;
  dragged.classList.add("dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.id);
});
board.addEventListener("dragover", (event) => {
  const column = event.target.closest(".column");
  if (!dragged || !column || !targets(dragged).has(column.dataset.status)) return;
  event.preventDefault();
  for (const each of board.querySelectorAll(".column")) each.classList.toggle("over", each === column);
});
board.addEventListener("drop", (event) => {
  const column = event.target.closest(".column"), card = dragged;
  event.preventDefault();
  endDrag();
  if (card && column && column.dataset.status !== card.dataset.status) move(card, column.dataset.status);
});
board.addEventListener("dragend", endDrag);
function endDrag() {
  dragged?.classList.remove("dragged");
  dragged = null;
  for (const each of board.querySelectorAll(".over")) each.classList.remove("over");
}

// --- by button -------------------------------------------------------------------------

board.addEventListener("click", (event) => {
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey);
  const link = linkAt(event.target);
  if (link && plain) { event.preventDefault(); openDrawer(link.href); }
  const button = event.target.closest("button[form=act]");
  if (!button) return;
  event.preventDefault();
  const card = button.closest(".card");
  if (button.name === "driver") assign(card, button);
  else move(card, button.value);
});

// The whole card opens, but for what else can be pressed on it, and where text was selected.
function linkAt(target) {
  const control = target.closest("a, button, summary, label, input");
  if (control) return control.closest("a[data-drawer]");
  const card = target.closest(".card"), selected = getSelection();
  const isSelected = card && !selected.isCollapsed && selected.containsNode(card, true);
  return isSelected ? null : card?.querySelector("a[data-drawer]");
}

// With Alt a drag over a card selects its text instead of moving it.
board.addEventListener("pointerdown", ({ target, altKey }) => {
  const card = target.closest(".card[draggable]");
  if (card) card.draggable = !altKey;
});

// --- by keyboard -----------------------------------------------------------------------

// Only on a focused card: arrows walk, Shift with an arrow moves the job, Enter opens it.
board.addEventListener("keydown", (event) => {
  const card = event.target;
  if (!card.matches?.(".card") || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Enter") openDrawer(card.querySelector("a[data-drawer]").href);
  else if (event.key === "ArrowDown") cardFrom(card.nextElementSibling)?.focus();
  else if (event.key === "ArrowUp") cardFrom(card.previousElementSibling, "previousElementSibling")?.focus();
  else if (step && event.shiftKey) moveBeside(card, step);
  else if (step) cardBeside(card, step)?.focus();
  else return;
  event.preventDefault();
});

// Screen readers hear a card's keys; a line at the bottom shows them to others.
const hint = document.getElementById("keys");
hint.hidden = false;
for (const event of ["focusin", "focusout", "merged"]) {
  board.addEventListener(event, () => {
    hint.classList.toggle("shown", document.activeElement.matches(".card:focus-visible"));
  });
}
board.addEventListener("focusin", ({ target: card }) => {
  if (!card.matches(".card")) return;
  const allowed = targets(card);
  const leads = (step) => allowed.has(columnBeside(card, step)?.dataset.status);
  const keys = ["Enter", leads(-1) && "Shift+ArrowLeft", leads(1) && "Shift+ArrowRight"];
  card.setAttribute("aria-keyshortcuts", keys.filter(Boolean).join(" "));
});

function columnBeside(card, step) {
  const columns = [...board.querySelectorAll(".column")];
  return columns[columns.indexOf(card.closest(".column")) + step];
}

// Who works without a mouse goes along with the card.
async function moveBeside(card, step) {
  const column = columnBeside(card, step);
  if (!column) return;
  await move(card, column.dataset.status);
  const moved = cardOf(card.dataset.id);
  if (moved === document.activeElement) moved.scrollIntoView({ block: "nearest" });
}

// The first card of the next column that has any.
function cardBeside(card, step) {
  let column = columnBeside(card, step);
  while (column && !column.querySelector(".card")?.checkVisibility()) {
    column = step > 0 ? column.nextElementSibling : column.previousElementSibling;
  }
  return column?.querySelector(".card");
}
