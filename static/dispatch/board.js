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
  address: () => {
    const { revision } = board.firstElementChild.dataset;
    return `${board.dataset.poll}&r=${revision}&since=${revision}`;
  },
  every: Number(board.dataset.every),
  etag: board.firstElementChild.dataset.etag,
  lost: (is) => { document.getElementById("offline").hidden = !is; },
  refused: (answer) => answer.status === 401 && (signIn(), true),
  apply: (html) => (board.querySelector(".dragged") ? false : merge(html)),
});

// All of the board, or with `data-changes` what has changed since the revision that is shown.
function merge(html) {
  const fresh = parse(html.replace(CARD, shorten)).firstElementChild, shell = board.firstElementChild;
  const { member, revision, etag, bookings } = fresh.dataset;
  if (member !== board.dataset.member) return signIn();
  const focus = focusedControl(), were = inView();
  Object.assign(shell.dataset, { revision, etag }, bookings && { bookings });
  shell.querySelectorAll(":scope > .notice").forEach((notice) => notice.remove());
  shell.prepend(...fresh.querySelectorAll(":scope > .notice"));
  mergeAttention(fresh.querySelector(".attention"));
  const changed = mergeCards(fresh);
  steadyAfter(were);
  mine.clear();
  restore(focus);
  board.dispatchEvent(new CustomEvent("merged", { detail: { changed } }));
}

// Of thousands of cards few have changed, and parsing the others would take most of the time.
function shorten(card, id, etag) {
  const known = cards.get(id)?.dataset.etag === etag;
  return known ? `<li class="card" data-id="${id}" data-etag="${etag}"></li>` : card;
}

// Cards with the same ETag look the same: the node that is on the board already stays there.
// Returns pairs of nodes: a card as it was, and as it is; undefined, where it was not, or is not.
function mergeCards(fresh) {
  const next = cardsById(fresh), changed = [];
  const goes = isPart(fresh) ? [...fresh.querySelectorAll(".cards > .gone")].map((each) => each.dataset.id) : [...cards.keys()];
  for (const id of goes) {
    const old = cards.get(id);
    if (!old || next.has(id)) continue;
    takeOut(old, true);
    cards.delete(id);
    changed.push([old, undefined]);
  }
  for (const [id, card] of next) {
    const old = cards.get(id);
    if (old?.dataset.etag === card.dataset.etag) continue;
    if (old?.querySelector(".pick")?.open) card.querySelector(".pick")?.setAttribute("open", "");
    if (old) takeOut(old, statusOf(card) !== statusOf(old));
    cards.set(id, card);
    changed.push([old, card]);
  }
  relative(board, ".age time", changed.map(([, card]) => card).filter(Boolean));
  for (const column of fresh.querySelectorAll(".column")) mergeColumn(column, isPart(fresh));
  return changed;
}

function isPart(fresh) {
  return "changes" in fresh.dataset;
}

function takeOut(card, leaves) {
  if (leaves && isUnderPointer(card.parentElement)) leaveGap(card);
  else card.remove();
}

// What is unfolded stays so, and the focus on the same line's link.
function mergeAttention(fresh) {
  if (!fresh || fresh.innerHTML === attention) return;
  const old = board.querySelector(".attention"), focus = document.activeElement, href = focus.getAttribute("href");
  const hadFocus = old.contains(focus);
  attention = isPart(fresh) ? null : fresh.innerHTML;
  if (isPart(fresh)) {
    const lists = old.querySelectorAll("ul");
    fresh.querySelectorAll("ul").forEach((list, place) => mergeList(lists[place], list, true));
    for (const name of [".count", "summary"]) {
      old.querySelector(name)?.replaceChildren(...fresh.querySelector(name).childNodes);
    }
  } else {
    fresh.querySelector("details")?.toggleAttribute("open", Boolean(old.querySelector("details[open]")));
    old.replaceWith(fresh);
  }
  const now = board.querySelector(".attention");
  if (hadFocus && !now.contains(document.activeElement)) {
    [...now.querySelectorAll(focus.localName)].find((it) => it.getAttribute("href") === href)?.focus({ preventScroll: true });
  }
  for (const line of now.querySelectorAll("li")) hasCome(line);
}

function mergeColumn(fresh, isPart) {
  const column = columns.querySelector(`.column[data-status="${fresh.dataset.status}"]`), heading = fresh.querySelector("h2");
  if (heading) column.querySelector("h2").replaceChildren(...heading.childNodes);
  mergeList(column.querySelector(".cards"), fresh.querySelector(".cards"), isPart);
}

// `fresh` has all that the list is to show; of a part what goes, and then what comes below that
// which is `.after`. An item keeps its id, which is no other's in the list.
function mergeList(list, fresh, isPart) {
  const stays = new Set(), below = (item) => past(item ? item.nextElementSibling : list.firstElementChild, ".gap");
  for (const { dataset: { id } } of fresh.querySelectorAll(":scope > .gone")) itemOf(list, id)?.remove();
  let place = below(null);
  for (const each of [...fresh.children].filter((it) => !it.matches(".gone"))) {
    if (each.matches(".after")) {
      place = below(itemOf(list, each.dataset.id));
      continue;
    }
    const isCard = each.matches(".card"), known = isCard ? cards.get(each.dataset.id) : itemOf(list, each.dataset.id);
    const item = isCard || known?.textContent === each.textContent ? known : each;
    if (known && item !== known) {
      if (known === place) place = below(place);
      known.remove();
    }
    if (item === place) place = below(place);
    else list.insertBefore(item, place);
    stays.add(item);
  }
  if (isPart) return;
  for (const item of list.querySelectorAll(":scope > [data-id]")) if (!stays.has(item)) item.remove();
}

function itemOf(list, id) {
  const card = cards.get(id);
  return card?.parentElement === list ? card : list.querySelector(`:scope > :not(.card)[data-id="${CSS.escape(id)}"]`);
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
    const were = inView();
    gap.remove();
    steadyAfter(were);
  }, GAP);
}

// The cards that can be seen, and so be tapped, with their places. A list runs down the page: where
// it comes into view is found by halving.
function inView() {
  const found = new Map();
  for (const list of columns.querySelectorAll(".cards")) {
    if (!list.checkVisibility()) continue;
    const items = list.children;
    let first = 0, end = items.length;
    while (first < end) {
      const middle = (first + end) >> 1;
      if (items[middle].getBoundingClientRect().bottom < 0) first = middle + 1;
      else end = middle;
    }
    for (let item = items[first]; item && item.getBoundingClientRect().top < innerHeight; item = item.nextElementSibling) {
      if (item.matches(".card")) found.set(item.dataset.id, `${item.offsetLeft} ${item.offsetTop}`);
    }
  }
  return found;
}

function steadyAfter(were) {
  for (const [id, place] of inView()) {
    if (were.get(id) !== place) hasCome(cards.get(id), { follows: mine.has(id) });
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
