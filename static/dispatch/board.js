// The board, fresh every few seconds. A refresh changes only the cards that have changed: the
// focus, an open list and the scroll position stay.
import { live, parse, relative } from "../site/live.js";
import { isUnderPointer, steady } from "../site/steady.js";

export const board = document.getElementById("board");
const columns = board.querySelector(".columns");
const CARD = /<li\s[^>]*data-id="([^"]*)"[^>]*data-etag="([^"]*)"[^>]*>[^]*?<\/li>/g;
const GAP = 1000; // ms for which the place of a card that has gone stays empty
let cards = cardsById(board);
let attention = board.querySelector(".attention").innerHTML; // as it came
const mine = new Set(); // jobs that were moved from here, until the board shows it

const hasCome = steady(board, (target) => target.closest(".card, .attention li"), () => {
  board.dispatchEvent(new Event("slid"));
});

export function movedHere(id) {
  mine.add(id);
}

export function cardOf(id) {
  return cards.get(id);
}

export function label(status) {
  return board.querySelector(`#column-${status}`).firstChild.textContent.trim();
}

// The session has ended, or is another member's. "leaving" lets others save what is not sent yet.
export function signIn() {
  board.dispatchEvent(new Event("leaving"));
  location.reload();
}

export const refresh = live({
  address: () => `${board.dataset.poll}&r=${board.firstElementChild.dataset.revision}`,
  every: Number(board.dataset.every),
  etag: board.firstElementChild.dataset.etag,
  lost: (is) => { document.getElementById("offline").hidden = !is; },
  refused: (answer) => answer.status === 401 && (signIn(), true),
  apply: (html) => (board.querySelector(".dragged") ? false : merge(html)),
});

function merge(html) {
  const fresh = parse(html.replace(CARD, shorten)).firstElementChild, shell = board.firstElementChild;
  if (fresh.dataset.member !== board.dataset.member) return signIn();
  const focus = focusedControl(), before = cards, were = places();
  Object.assign(shell.dataset, fresh.dataset);
  shell.querySelectorAll(":scope > .notice").forEach((notice) => notice.remove());
  shell.prepend(...fresh.querySelectorAll(":scope > .notice"));
  mergeAttention(fresh.querySelector(".attention"));
  mergeCards(fresh);
  steadyAfter(were);
  mine.clear();
  restore(focus);
  relative(board, ".age time");
  board.dispatchEvent(new CustomEvent("merged", { detail: { before, cards } }));
}

// Of thousands of cards few have changed, and parsing the others would take most of the time.
function shorten(card, id, etag) {
  const known = cards.get(id)?.dataset.etag === etag;
  return known ? `<li class="card" data-id="${id}" data-etag="${etag}"></li>` : card;
}

// Cards with the same ETag look the same: the node that is on the board already stays there.
function mergeCards(fresh) {
  const next = cardsById(fresh);
  for (const [id, old] of cards) {
    const card = next.get(id);
    if (card?.dataset.etag === old.dataset.etag) next.set(id, old);
    else {
      if (card && old.querySelector(".pick")?.open) card.querySelector(".pick")?.setAttribute("open", "");
      const leaves = !card || statusOf(card) !== statusOf(old);
      if (leaves && isUnderPointer(old.parentElement)) leaveGap(old);
      else old.remove();
    }
  }
  for (const column of fresh.querySelectorAll(".column")) mergeColumn(column, next);
  cards = next;
}

// What is unfolded stays so, and the focus on the same line's link.
function mergeAttention(fresh) {
  if (fresh.innerHTML === attention) return;
  attention = fresh.innerHTML;
  const old = board.querySelector(".attention"), focus = document.activeElement, href = focus.getAttribute("href");
  fresh.querySelector("details")?.toggleAttribute("open", Boolean(old.querySelector("details[open]")));
  const same = old.contains(focus) && [...fresh.querySelectorAll(focus.localName)].find((it) => it.getAttribute("href") === href);
  old.replaceWith(fresh);
  if (same) same.focus({ preventScroll: true });
  for (const line of fresh.querySelectorAll("li")) hasCome(line);
}

function mergeColumn(fresh, next) {
  const column = columns.querySelector(`.column[data-status="${fresh.dataset.status}"]`);
  column.querySelector("h2").replaceChildren(...fresh.querySelector("h2").childNodes);
  const list = column.querySelector(".cards");
  const headings = new Map([...list.querySelectorAll(".group")].map((each) => [each.textContent, each]));
  let place = past(list.firstElementChild, ".gap");
  for (const each of fresh.querySelectorAll(".card, .group")) {
    const item = each.matches(".card") ? next.get(each.dataset.id) : headings.get(each.textContent) || each;
    headings.delete(each.textContent);
    if (item === place) place = past(place.nextElementSibling, ".gap");
    else list.insertBefore(item, place);
  }
  for (const heading of headings.values()) heading.remove();
}

function past(element, kind) {
  while (element?.matches(kind)) element = element.nextElementSibling;
  return element;
}

function statusOf(card) {
  return card.closest(".column").dataset.status;
}

// From this element on, down or up the list, the first that is a card and no gap.
export function cardFrom(element, side = "nextElementSibling") {
  while (element && !element.matches(".card")) element = element[side];
  return element;
}

// --- nothing moves under a finger at once ------------------------------------------------

// Where somebody is pointing at a column, its cards do not move up at once into the place of one
// that has gone.
function leaveGap(card) {
  const gap = document.createElement("li");
  gap.className = "gap";
  gap.setAttribute("aria-hidden", "true");
  gap.style.height = `${card.offsetHeight}px`;
  card.replaceWith(gap);
  setTimeout(() => {
    const were = places();
    gap.remove();
    steadyAfter(were);
  }, GAP);
}

function places() {
  return new Map([...cards].map(([id, card]) => [id, placeOf(card)]));
}

function placeOf(card) {
  return `${card.offsetLeft} ${card.offsetTop}`;
}

function steadyAfter(were) {
  for (const [id, card] of cards) {
    if (were.get(id) !== placeOf(card)) hasCome(card, { follows: mine.has(id) });
  }
}

function cardsById(root) {
  return new Map([...root.querySelectorAll(".card")].map((card) => [card.dataset.id, card]));
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

function restore(focus) {
  const card = focus && cardOf(focus.id);
  if (!card) return;
  const control = [...card.querySelectorAll("a, summary, button, input")].find(focus.isSame) || card;
  if (document.activeElement !== control) control.focus({ preventScroll: true });
}

// A phone has room for one column: that of the first job which is this member's to move.
const movable = board.querySelector(".card[data-targets]:not([data-targets=''])");
if (movable) columns.scrollLeft = movable.closest(".column").offsetLeft - columns.offsetLeft;
relative(board, ".age time");
setInterval(() => relative(board, ".age time"), 30000);
