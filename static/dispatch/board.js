// The board: fresh every few seconds, moved by drag, by button and by keyboard.
// It never takes away the focus, an open drawer or a half-typed word.
import { live, relative } from "../site/live.js";
import { caret, drafts, enliven, markUnsent, refill, send, typedIn } from "./drawer.js";

const board = document.getElementById("board");
const drawer = document.getElementById("drawer"), inside = drawer.querySelector(".inside");
const why = document.getElementById("why");
const toasts = document.getElementById("toasts");
const said = document.getElementById("said");
const undo = document.getElementById("undo");
const act = document.getElementById("act");
const sources = new Map(); // card id → the HTML it was made from
const SAVED = `unsent ${board.dataset.member}`; // the next one at this browser is not to read it
const unsent = new Map(JSON.parse(sessionStorage.getItem(SAVED))); // job id → half typed in its drawer
const title = document.title;
const known = new Set(bookings().map(([id]) => id)); // those that need no announcement any more
let dragged = null, unseen = 0;

function cardOf(id) {
  return board.querySelector(`.card[data-id="${CSS.escape(id)}"]`);
}

// --- fresh -----------------------------------------------------------------------------

const look = live({
  address: () => `${board.dataset.poll}&r=${board.firstElementChild.dataset.revision}`,
  every: Number(board.dataset.every),
  lost: (is) => { document.getElementById("offline").hidden = !is; },
  refused: (answer) => answer.status === 401 && (signIn(), true),
  apply: (html) => (dragged ? false : merge(html)),
});

function merge(html) {
  const page = document.createElement("template");
  page.innerHTML = html;
  const fresh = page.content.firstElementChild;
  const focus = focusedControl();
  const before = statuses();
  const shell = board.firstElementChild;
  Object.assign(shell.dataset, fresh.dataset);
  shell.querySelectorAll(":scope > .notice").forEach((notice) => notice.remove());
  shell.prepend(...fresh.querySelectorAll(":scope > .notice"));
  for (const column of fresh.querySelectorAll(".column")) mergeColumn(column);
  for (const card of [...board.querySelectorAll(".card")]) {
    if (!card.dataset.kept) { card.remove(); sources.delete(card.id); }
    delete card.dataset.kept;
  }
  if (focus) restore(focus);
  relative(board, ".age time");
  announce(before);
  markStaleDrawer();
}

function mergeColumn(fresh) {
  const column = board.querySelector(`.column[data-status="${fresh.dataset.status}"]`);
  column.querySelector("h2").replaceChildren(...fresh.querySelector("h2").childNodes);
  const list = column.querySelector(".cards");
  let place = list.firstElementChild;
  for (const card of [...fresh.querySelectorAll(".card")]) {
    const old = cardOf(card.dataset.id);
    const same = old && sources.get(card.id) === card.outerHTML;
    if (!same) sources.set(card.id, card.outerHTML);
    const next = same ? old : card;
    if (old && !same) {
      if (old === place) place = old.nextElementSibling;
      if (old.querySelector(".pick")?.open) card.querySelector(".pick")?.setAttribute("open", "");
      old.remove();
    }
    next.dataset.kept = "1";
    if (next === place) place = place.nextElementSibling;
    else list.insertBefore(next, place);
  }
}

function label(status) {
  return board.querySelector(`#column-${status}`).firstChild.textContent.trim();
}

function statuses() {
  return new Map([...board.querySelectorAll(".card")].map((card) => [card.id, card.dataset.status]));
}

// Enter must never press another button than the one that had the focus: it comes back on the
// same control, or else on the card.
function focusedControl() {
  const card = document.activeElement?.closest?.("#board .card");
  if (!card) return null;
  const { localName, name, value } = document.activeElement;
  const isSame = (each) => each.localName === localName && each.name === name && each.value === value;
  return { id: card.dataset.id, isSame };
}

function restore({ id, isSame }) {
  const card = cardOf(id);
  const control = card && ([...card.querySelectorAll("a, summary, button")].find(isSame) || card);
  if (control && document.activeElement !== control) control.focus({ preventScroll: true });
}

// --- announced -------------------------------------------------------------------------

// New bookings, with their names: those that the filters hide, too.
function bookings() {
  return JSON.parse(board.firstElementChild.dataset.bookings);
}

function announce(before) {
  const fresh = bookings().filter(([id]) => !known.has(id));
  if (fresh.length) {
    unseen += fresh.length;
    document.title = `(${unseen} new) ${title}`;
    for (const [id] of fresh) { known.add(id); cardOf(id)?.classList.add("new"); }
    say(`New booking: ${fresh.map(([, name]) => name).join(", ")}`);
    beep();
  } else {
    const moved = [...statuses()].filter(([id, status]) => before.has(id) && before.get(id) !== status);
    if (moved.length && !said.textContent) {
      const [[id, status]] = moved;
      const name = document.getElementById(id).querySelector("strong").textContent;
      say(moved.length > 1 ? `${moved.length} jobs have moved` : `${name}: ${label(status)}`);
    }
  }
}

function seen() {
  if (document.hidden || !unseen) return;
  unseen = 0;
  document.title = title;
}
document.addEventListener("visibilitychange", seen);
addEventListener("pointerdown", seen);
addEventListener("keydown", seen);

let saying;
function say(text, unseen = false) {
  clearTimeout(saying);
  said.classList.toggle("hidden", unseen); // where the page shows it already, it is only spoken
  said.textContent = text;
  saying = setTimeout(() => { said.textContent = ""; }, 6000);
}

const sound = document.getElementById("sound");
sound.closest("label").hidden = false;
sound.checked = localStorage.getItem("sound") !== "off";
sound.addEventListener("change", () => {
  localStorage.setItem("sound", sound.checked ? "on" : "off");
  beep();
});

let audio;
function beep() {
  if (!sound.checked || !window.AudioContext) return;
  audio ||= new AudioContext();
  audio.resume(); // one that was made before the first click starts out silent
  const tone = audio.createOscillator(), volume = audio.createGain();
  tone.frequency.value = 880;
  volume.gain.setValueAtTime(0.15, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.4);
}

// --- moved -----------------------------------------------------------------------------

function targets(card) {
  return new Map(card.dataset.targets.split(" ").filter(Boolean).map(
    (target) => [target.replace("?", ""), target.endsWith("?")],
  ));
}

async function move(card, status) {
  const may = targets(card);
  if (!may.has(status)) return say("That move is not for you to make.");
  const body = new FormData(act);
  body.set("status", status);
  body.set("expected", card.dataset.status);
  if (may.get(status) && !(await askWhy(card, status, body))) return;
  await moved(await send(`/dashboard/jobs/${encodeURIComponent(card.dataset.id)}/move`, body));
}

// A driver, right on the card. A refusal opens the drawer, where others can be chosen.
async function pick(card, button) {
  const body = new FormData(act);
  body.set("driver", button.value);
  const answer = await send(button.getAttribute("formaction"), body);
  if (answer.ok) button.closest(".pick").open = false;
  else if (answer.html.includes("data-job=")) show(answer.html);
  await moved(answer, false);
  if (!drawer.open) cardOf(card.dataset.id)?.focus();
}

async function moved(answer, mayUndo = true) {
  const page = document.createElement("template");
  page.innerHTML = answer.html;
  if (!page.content.querySelector("[data-job]")) refused(answer);
  else {
    say(page.content.querySelector(".said").textContent);
    offerUndo(answer.ok && mayUndo ? page.content : null);
  }
  await look();
}

// No job in the answer: it says in words what happened, or nothing came at all.
function refused(answer) {
  if (answer.status === 401) return signIn();
  const page = document.createElement("template");
  page.innerHTML = answer.html;
  const words = [...page.content.querySelectorAll("h1, h1 + p")].map((each) => each.textContent);
  if (answer.status) say(words.join(". ") || "That did not work. Please try again.");
  else say("We could not reach the server. Nothing you typed is lost; please try again.");
}

let undoing;
function offerUndo(page) {
  clearTimeout(undoing);
  const form = page?.querySelector("form.undo");
  undo.replaceChildren(...(form ? [form] : []));
  if (!form) return;
  const { job } = page.querySelector("[data-job]").dataset;
  form.querySelector("button").textContent = `Undo: ${page.querySelector("h2").textContent}`;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    offerUndo(null);
    await moved(await send(form.action, body), false);
    if (!drawer.open) cardOf(job)?.focus();
  });
  undoing = setTimeout(() => offerUndo(null), 60000);
}

function askWhy(card, status, body) {
  why.replaceChildren(document.getElementById("why-form").content.cloneNode(true));
  why.querySelector("#why-what").textContent =
    `${card.querySelector("strong").textContent}: ${label(card.dataset.status)} → ${label(status)}`;
  const form = why.querySelector("form"), code = form.querySelector("select");
  code?.addEventListener("change", () => { form.elements.text.required = code.value === "other"; });
  why.showModal();
  return new Promise((done) => {
    form.addEventListener("submit", (event) => {
      if (event.submitter?.value === "no") return done(false);
      for (const [name, value] of new FormData(form)) body.set(name, value);
      done(true);
    }, { once: true });
    why.addEventListener("close", () => done(false), { once: true });
  });
}

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
  dropped();
  if (card && column && column.dataset.status !== card.dataset.status) move(card, column.dataset.status);
});
board.addEventListener("dragend", dropped);
function dropped() {
  dragged?.classList.remove("dragged");
  dragged = null;
  for (const each of board.querySelectorAll(".over")) each.classList.remove("over");
}

board.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-drawer]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey);
  if (link && plain) { event.preventDefault(); openDrawer(link.href); }
  const button = event.target.closest("button[form=act]");
  if (!button) return;
  event.preventDefault();
  const card = button.closest(".card");
  if (button.name === "driver") pick(card, button);
  else move(card, button.value);
});

// Only on a focused card: arrows walk, Shift with an arrow moves the job, Enter opens it.
board.addEventListener("keydown", (event) => {
  const card = event.target;
  if (!card.matches?.(".card") || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Enter") openDrawer(card.querySelector("a[data-drawer]").href);
  else if (event.key === "ArrowDown") card.nextElementSibling?.focus();
  else if (event.key === "ArrowUp") card.previousElementSibling?.focus();
  else if (step && event.shiftKey) shift(card, step);
  else if (step) neighbour(card, step)?.focus();
  else return;
  event.preventDefault();
});

// The keys are told where they work: a line above the columns, and on the card its own ones.
document.getElementById("keys").hidden = false;
board.addEventListener("focusin", ({ target: card }) => {
  if (!card.matches(".card")) return;
  const may = targets(card);
  const leads = (step) => may.has(columnBeside(card, step)?.dataset.status);
  const keys = ["Enter", leads(-1) && "Shift+ArrowLeft", leads(1) && "Shift+ArrowRight"];
  card.setAttribute("aria-keyshortcuts", keys.filter(Boolean).join(" "));
});

function columnBeside(card, step) {
  const columns = [...board.querySelectorAll(".column")];
  return columns[columns.indexOf(card.closest(".column")) + step];
}

function shift(card, step) {
  const column = columnBeside(card, step);
  if (column) move(card, column.dataset.status);
}

function neighbour(card, step) {
  let column = columnBeside(card, step);
  while (column && !column.querySelector(".card")) column = column[step > 0 ? "nextElementSibling" : "previousElementSibling"];
  return column?.querySelector(".card");
}

// --- the drawer ------------------------------------------------------------------------

let opening = 0;
async function openDrawer(url) {
  const mine = ++opening;
  const answer = await send(url);
  if (mine !== opening) return; // another one was opened meanwhile
  if (!answer.html.includes("data-job=")) return refused(answer);
  show(answer.html);
}

function show(html) {
  fill(html);
  const { job } = shownJob().dataset;
  refill(drawer, unsent.get(job) || []);
  if (unsent.delete(job)) saveUnsent();
  if (!drawer.open) drawer.showModal();
  drawer.append(toasts); // what is beside an open dialog can be neither seen nor pressed
  drawer.querySelector("h2").focus();
}

function putAside() {
  const shown = shownJob();
  if (shown) unsent.set(shown.dataset.job, drafts(inside, null));
}

function saveUnsent() {
  sessionStorage.setItem(SAVED, JSON.stringify([...unsent]));
}

// What was sent is no draft any more.
function forget(form) {
  const action = form.getAttribute("action");
  for (const [job, kept] of unsent) unsent.set(job, kept.filter(([sentTo]) => sentTo !== action));
}

// The session has ended: what is half typed waits in this tab until its writer is back.
function signIn() {
  putAside();
  saveUnsent();
  location.reload();
}

function shownJob() {
  return inside.querySelector("[data-job]");
}

function fill(html) {
  inside.innerHTML = html;
  enliven(inside, { onAnswer: answered });
}

async function answered(answer, form) {
  if (!inside.contains(form)) { // the drawer was closed meanwhile: it may show another job
    if (answer.ok) forget(form);
    return moved(answer, false);
  }
  if (!answer.html.includes("data-job=")) return refused(answer);
  const kept = drafts(inside, form), goOn = caret(inside, form);
  const unsaved = answer.ok ? [] : typedIn(form);
  const scroll = drawer.scrollTop;
  fill(answer.html);
  refill(inside, kept);
  markUnsent(inside, unsaved);
  drawer.scrollTop = answer.ok ? scroll : 0;
  const first = inside.querySelector("[aria-invalid=true]") || drawer.querySelector("h2");
  if (!goOn(inside)) first.focus({ preventScroll: answer.ok });
  say(inside.querySelector(".said")?.textContent || "", true);
  offerUndo(null); // the drawer has its own
  await look();
}

function markStaleDrawer() {
  const shown = shownJob();
  if (!drawer.open || !shown || shown.querySelector(".stale")) return;
  const card = cardOf(shown.dataset.job);
  if (!card || Number(card.dataset.version) <= Number(shown.dataset.version)) return;
  const note = document.createElement("div");
  Object.assign(note, { className: "notice stale", role: "status" });
  shown.prepend(note);
  const again = document.createElement("button");
  Object.assign(again, { type: "button", className: "button small", textContent: "Show it as it is now" });
  again.addEventListener("click", () => {
    putAside();
    openDrawer(card.querySelector("a[data-drawer]").href);
  });
  note.append("Somebody has changed this job since you opened it. ", again);
}

drawer.querySelector(".close").addEventListener("click", () => drawer.close());
drawer.addEventListener("close", () => {
  const id = shownJob()?.dataset.job;
  putAside();
  document.body.append(toasts);
  inside.replaceChildren();
  if (id) cardOf(id)?.focus();
});

for (const card of board.querySelectorAll(".card")) sources.set(card.id, card.outerHTML);
// A phone has room for one column: that of the first job which is this member's to move.
const columns = board.querySelector(".columns"), mine = board.querySelector(".card[data-targets]:not([data-targets=''])");
if (mine) columns.scrollLeft = mine.closest(".column").offsetLeft - columns.offsetLeft;
relative(board, ".age time");
setInterval(() => relative(board, ".age time"), 30000);
