// Every form of the day that says so is kept on this phone first and sent from there: in order, once,
// and with the moment at which it was tapped.
import { send } from "../../site/live.js";
import { day, mine, refresh, say, sayRefusal } from "../day.js";
import { dropNow, showBar } from "./bar.js";
import { load, statusOf } from "./heard.js";
import { forget } from "./keep.js";
import { add, changes, field, tapsOf } from "./queue.js";
import { sender } from "./sender.js";
import { project } from "./stops.js";
import { keep } from "./today.js";

const TWICE = 1000; // ms within which the same tap is one tap
const bar = document.getElementById("reception"), { member } = bar.dataset;
const onTheWay = new WeakSet(); // forms that are being stored
let taps = [], last = { what: "", at: 0 }, refusal = "";

const { state, pump, lose } = sender({ member, tokenAddress: bar.dataset.token, told, changed });
if (bar.dataset.copied) state.trouble = "lost"; // until we hear something else

async function changed() {
  await show();
  // Whoever is signed in now sees nothing of this member's day.
  if (state.trouble === "other") {
    await forget();
    return location.reload();
  }
  if (state.trouble === "signedOut") await forget();
  if (!bar.dataset.copied || state.trouble) return;
  await refresh();
  bar.dataset.copied = "";
  show();
}

let showing = null, stale = false;

// As it is when this is done; however many ask meanwhile, once more.
function show() {
  stale = true;
  showing ||= (async () => {
    while (stale) {
      stale = false;
      await showOnce();
    }
    showing = null;
  })();
  return showing;
}

async function showOnce() {
  try {
    taps = await tapsOf(member);
    project(taps);
    showBar(taps, state, refusal);
  } catch {
    showBar([], state, bar.dataset.unreadable);
  }
}

async function told() {
  keep();
  await refresh();
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-queue]");
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  if (onTheWay.has(form)) return;
  const tap = tapOf(form, event.submitter), what = JSON.stringify([tap.path, tap.fields]);
  if (what === last.what && !tap.files.length && tap.tapped - last.at < TWICE) return;
  onTheWay.add(form);
  try {
    await add(tap, form.dataset.replaces && Number(form.dataset.replaces));
    last = { what, at: tap.tapped };
    refusal = "";
    mine.set(tap.job, Date.now());
    delete form.dataset.replaces;
    // Who goes on in the same sheet, as with a price that is to be agreed to, says so.
    const goesOn = !form.dispatchEvent(new Event("queued", { bubbles: true, cancelable: true }));
    form.reset();
    if (!goesOn) for (const open of document.querySelectorAll(":popover-open")) open.hidePopover();
  } catch (error) {
    refusal = error?.name === "QuotaExceededError" ? bar.dataset.full : bar.dataset.unkept;
  } finally {
    onTheWay.delete(form);
  }
  if (refusal) show();
  else pump();
});

function tapOf(form, submitter) {
  const fields = [], files = [], stop = form.closest(".stop");
  for (const [name, value] of new FormData(form, submitter)) {
    if (value instanceof File) {
      if (value.size) files.push([name, value, value.name]);
    } else if (name === "expected" && stop) fields.push([name, statusOf(stop)]);
    else if (name !== "csrfmiddlewaretoken" && name !== "key") fields.push([name, value]);
  }
  const { id: job = "", name = "" } = stop?.dataset || {};
  const { pathname, search } = new URL(submitter?.getAttribute("formaction") || form.action, location);
  const { from = "", to = "" } = form.dataset;
  return { member, job, name, path: pathname + search, fields, files, what: named(form, submitter), tapped: Date.now(), key: newKey(), from, to };
}

function newKey() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

// Of several buttons the words too.
function named(form, submitter) {
  const { what } = form.dataset;
  const several = form.querySelectorAll("button:not([type=button])").length > 1;
  return several && submitter ? `${what}: ${submitter.textContent.trim()}` : what;
}

changes.addEventListener("here", show);
changes.addEventListener("elsewhere", async () => {
  await load();
  show();
  pump();
});
document.getElementById("queue").addEventListener("decided", pump);
day.addEventListener("merged", show);
// At once: a button that is as it was before has not come under anybody's finger.
day.addEventListener("coming", ({ detail: fresh }) => project(taps, [fresh]));
day.addEventListener("untap", async ({ detail: tap, target: stop }) => {
  last.what = ""; // the same again is meant
  if (await dropNow(tap)) return;
  if (!tap.to) return say(bar.dataset.gone);
  // It was sent meanwhile: then it is taken back as what is done is.
  const body = new FormData(stop.querySelector("form[data-queue]"));
  for (const [name, value] of [["status", field(tap, "expected")], ["expected", tap.to], ["reason", bar.dataset.undoReason], ["key", newKey()]]) body.set(name, value);
  const answer = await send(tap.path, body);
  if (!answer.ok) sayRefusal(answer);
  refresh();
});
day.addEventListener("lost", ({ detail: is }) => is && lose());

await load();
show();
pump();
