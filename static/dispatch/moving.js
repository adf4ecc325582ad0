// Jobs are moved by drag, by button and by keyboard; what needs a reason asks for it, and for a
// minute the move can be undone.
import { busy, send } from "../site/live.js";
import { say, sayAnswer } from "./announcing.js";
import { board, label, refresh } from "./board.js";
import { focusCard, hasJob, openDrawer, show } from "./drawer.js";

const UNDO_MS = 60000;
const act = document.getElementById("act"); // with the CSRF token of the page
const why = document.getElementById("why");
const undo = document.getElementById("undo");

// The statuses that this member may move the card to, and whether a reason is needed.
function targets(card) {
  return new Map(card.dataset.targets.split(" ").filter(Boolean).map(
    (target) => [target.replace("?", ""), target.endsWith("?")],
  ));
}

async function move(card, status) {
  const allowed = targets(card);
  if (!allowed.has(status)) return say("That move is not for you to make.");
  const body = new FormData(act);
  body.set("status", status);
  body.set("expected", card.dataset.status);
  if (allowed.get(status)) {
    const reason = await askReason(card, status);
    if (!reason) return;
    for (const [name, value] of reason) body.set(name, value);
  }
  const address = `/dashboard/jobs/${encodeURIComponent(card.dataset.id)}/move`;
  await busy(card, async () => take(await send(address, body), { undoable: true }));
}

// A driver, right on the card. A refusal opens the drawer, where others can be chosen.
async function assign(card, button) {
  const body = new FormData(act);
  body.set("driver", button.value);
  const answer = await send(button.getAttribute("formaction"), body);
  if (answer.ok) button.closest(".pick").open = false;
  else if (hasJob(answer)) show(answer);
  await take(answer);
  focusCard(card.dataset.id);
}

async function take(answer, { undoable = false } = {}) {
  const page = sayAnswer(answer);
  if (page) offerUndo(answer.ok && undoable ? page : null);
  await refresh();
}

let withdrawing;
function offerUndo(page) {
  clearTimeout(withdrawing);
  const form = page?.querySelector("form.undo");
  undo.replaceChildren(...(form ? [form] : []));
  if (!form) return;
  const { job } = page.querySelector("[data-job]").dataset;
  form.querySelector("button").textContent = `Undo: ${page.querySelector("h2").textContent}`;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    offerUndo(null);
    await take(await send(form.action, body));
    focusCard(job);
  });
  withdrawing = setTimeout(() => offerUndo(null), UNDO_MS);
}

// The fields of the reason; null where the job is to stay after all.
function askReason(card, status) {
  why.replaceChildren(document.getElementById("why-form").content.cloneNode(true));
  why.querySelector("#why-what").textContent =
    `${card.querySelector("strong").textContent}: ${label(card.dataset.status)} → ${label(status)}`;
  const form = why.querySelector("form"), code = form.querySelector("select");
  code?.addEventListener("change", () => { form.elements.text.required = code.value === "other"; });
  why.showModal();
  return new Promise((done) => {
    form.addEventListener("submit", (event) => {
      done(event.submitter?.value === "no" ? null : new FormData(form));
    }, { once: true });
    why.addEventListener("close", () => done(null), { once: true });
  });
}

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
  const link = event.target.closest("a[data-drawer]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey);
  if (link && plain) { event.preventDefault(); openDrawer(link.href); }
  const button = event.target.closest("button[form=act]");
  if (!button) return;
  event.preventDefault();
  const card = button.closest(".card");
  if (button.name === "driver") assign(card, button);
  else move(card, button.value);
});

// --- by keyboard -----------------------------------------------------------------------

// Only on a focused card: arrows walk, Shift with an arrow moves the job, Enter opens it.
board.addEventListener("keydown", (event) => {
  const card = event.target;
  if (!card.matches?.(".card") || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Enter") openDrawer(card.querySelector("a[data-drawer]").href);
  else if (event.key === "ArrowDown") card.nextElementSibling?.focus();
  else if (event.key === "ArrowUp") card.previousElementSibling?.focus();
  else if (step && event.shiftKey) moveBeside(card, step);
  else if (step) cardBeside(card, step)?.focus();
  else return;
  event.preventDefault();
});

// Screen readers hear a card's keys; a line above the columns shows them to others.
document.getElementById("keys").hidden = false;
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

function moveBeside(card, step) {
  const column = columnBeside(card, step);
  if (column) move(card, column.dataset.status);
}

// The first card of the next column that has any.
function cardBeside(card, step) {
  let column = columnBeside(card, step);
  while (column && !column.querySelector(".card")) {
    column = step > 0 ? column.nextElementSibling : column.previousElementSibling;
  }
  return column?.querySelector(".card");
}
