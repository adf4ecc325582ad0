// Jobs are dragged to another slot, and ticked ones sent there, without loading the page anew.
import { busy, parse, send } from "../site/live.js";

const week = document.getElementById("week");

async function put(body, address) {
  const answer = await send(address, body);
  if (answer.status === 401) return location.reload();
  const page = parse(answer.html), fresh = page.getElementById("week");
  if (!fresh) return tell(week.querySelector("#told").dataset.failed);
  redraw(fresh);
  const said = page.querySelector(".notice p");
  tell(said?.textContent || "", { spokenOnly: Boolean(week.querySelector(".notice")) });
}

function redraw(fresh) {
  const wide = week.querySelector(".week-wide"), { scrollLeft } = wide, top = scrollY;
  week.replaceChildren(...fresh.childNodes);
  week.querySelector(".week-wide").scrollLeft = scrollLeft;
  scrollTo(scrollX, top);
}

function tell(text, { spokenOnly = false } = {}) {
  const status = week.querySelector("#told");
  status.classList.toggle("hidden", spokenOnly);
  status.textContent = text.trim();
}

week.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  event.preventDefault();
  const to = button.value;
  busy(button, async () => {
    await put(new FormData(form, button), form.action);
    const here = week.querySelector(`.here[value="${CSS.escape(to)}"]`);
    const refused = week.querySelector(".notice") && (week.querySelector(".notice button") || here);
    (refused || here?.closest(".slot").querySelector("a"))?.focus();
  });
});

let dragged = null;
week.addEventListener("dragstart", (event) => {
  dragged = event.target.closest(".stop");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.id);
});
week.addEventListener("dragover", (event) => {
  const slot = event.target.closest(".slot");
  if (!dragged || !slot?.querySelector(".here")) return;
  event.preventDefault();
  for (const each of week.querySelectorAll(".slot")) each.classList.toggle("target", each === slot);
});
week.addEventListener("drop", (event) => {
  const slot = event.target.closest(".slot"), stop = dragged;
  event.preventDefault();
  endDrag();
  if (!slot || !stop || slot.contains(stop)) return;
  const form = document.getElementById("place"), body = new FormData(form);
  const tick = stop.querySelector("input");
  if (!tick.checked) body.delete("job"); // else all that are ticked come along
  if (!tick.checked) body.append("job", tick.value);
  body.set("to", slot.dataset.to);
  busy(stop, () => put(body, form.action));
});
week.addEventListener("dragend", endDrag);
function endDrag() {
  dragged = null;
  for (const each of week.querySelectorAll(".target")) each.classList.remove("target");
}

// What others have done meanwhile is seen by whoever comes back to the page.
document.addEventListener("visibilitychange", async () => {
  if (document.hidden || week.querySelector(".stop :checked")) return;
  const answer = await send(location.href);
  const fresh = answer.ok && parse(answer.html).getElementById("week");
  if (fresh) redraw(fresh);
});

const wide = week.querySelector(".week-wide"), today = wide.querySelector("th.today");
if (today) wide.scrollLeft = today.offsetLeft - wide.querySelector("th").offsetWidth;
