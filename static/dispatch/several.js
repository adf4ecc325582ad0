// What is ticked: how many, all of a group at once, and what is done with it without leaving the
// page. Without this the bar is a plain form.
import { busy, parse, send } from "../site/live.js";

const bar = () => document.getElementById("several");
let isPlain = false; // the next time it is sent as it is

// How many are ticked; also for the junk's own button.
function changed() {
  for (const button of document.querySelectorAll("button.all")) button.hidden = false;
  document.body.classList.toggle("ticked", Boolean(document.querySelector(".tick :checked")));
  const words = bar()?.querySelector(".count-of");
  if (!words) return;
  const number = document.querySelectorAll("[form=several]:checked").length;
  words.dataset.none ||= words.textContent;
  const { none, one, many } = words.dataset;
  words.textContent = number > 1 ? many.replace("%d", number) : number ? one : none;
}

document.addEventListener("change", changed);
addEventListener("pageshow", changed);

document.addEventListener("click", ({ target }) => {
  const group = target.closest("button.all")?.closest(".group");
  if (!group) return;
  const boxes = [...group.querySelectorAll("[form=several]")];
  const isOn = boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = !isOn;
  changed();
});

// Enter in a field means the button beside it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("#several :is(input, select)")) return;
  event.preventDefault();
  bar().requestSubmit(event.target.closest("details").querySelector("button[name=do]"));
});

// `take(answer)` shows what is told, and returns whether it could. What is no such answer (the
// session has ended) is sent again as a plain form, which nobody has to type anew.
export function sendHere(take) {
  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (form !== bar() || isPlain || button?.formTarget) return;
    event.preventDefault();
    busy(button, async () => {
      const answer = await send(form.action, new FormData(form, button));
      if (!answer.status) return tell(form.dataset.unreachable);
      if (take(answer)) return changed();
      isPlain = true;
      form.requestSubmit(button);
    });
  });
}

function tell(words) {
  const note = document.createElement("div"), said = document.createElement("p");
  Object.assign(note, { className: "notice refused told", role: "alert" });
  Object.assign(said, { className: "said", textContent: words });
  note.append(said);
  document.querySelectorAll(".told").forEach((each) => each.remove());
  bar().before(note);
}

const page = document.getElementById("requests");
if (page) {
  sendHere((answer) => {
    const fresh = parse(answer.html).querySelector("#requests");
    if (!fresh) return false;
    page.replaceChildren(...fresh.childNodes);
    document.dispatchEvent(new Event("change"));
    page.querySelector(".said")?.focus();
    page.querySelector(".said")?.scrollIntoView({ block: "center" });
    return true;
  });
}
