// Several cards: their ticks outlive a refresh, and what was done with them is told above the bar.
import { board, refresh } from "./board.js";
import { sendHere } from "./several.js";
import { parse } from "../site/live.js";

const form = document.getElementById("several");
const box = (card) => card?.querySelector(".tick input");

board.addEventListener("merged", ({ detail: { changed } }) => {
  const ticked = changed.filter(([old]) => box(old)?.checked);
  for (const [old, card] of ticked) {
    // Still of the version that was ticked: what others have changed since has to be told.
    if (box(card)) Object.assign(box(card), { checked: true, value: box(old).value });
  }
  if (ticked.length) document.dispatchEvent(new Event("change"));
});

// A tick opens nothing.
board.addEventListener("click", (event) => {
  if (event.target.closest(".tick")) event.stopPropagation();
}, { capture: true });

// On a card that has the focus the space bar ticks.
board.addEventListener("keydown", (event) => {
  const tick = event.key === " " && event.target.matches(".card") && box(event.target);
  if (!tick) return;
  event.preventDefault();
  tick.checked = !tick.checked;
  document.dispatchEvent(new Event("change"));
});

if (form) {
  sendHere((answer) => {
    const told = parse(answer.html).querySelector(".told");
    if (!told) return false;
    document.querySelectorAll(".told").forEach((each) => each.remove());
    form.before(told);
    for (const id of told.dataset.done.split(" ").filter(Boolean)) {
      const tick = box(document.getElementById(`job-${id}`));
      if (tick) tick.checked = false;
    }
    // What was answered is over: the next is another, with a key of its own.
    if (answer.status !== 503) form.elements.key.value = crypto.getRandomValues(new Uint32Array(4)).join("-");
    told.querySelector(".said").focus();
    refresh().then(seeAll);
    return true;
  });
}

// What was told is known: from here on each tick stands for its card as it is now.
function seeAll() {
  for (const tick of board.querySelectorAll(".tick :checked")) {
    const { id, version } = tick.closest(".card").dataset;
    tick.value = `${id}/${version}`;
  }
}

document.addEventListener("change", () => {
  if (!document.querySelector(".tick :checked")) return;
  document.querySelector(".told:not(.refused)")?.remove();
});
