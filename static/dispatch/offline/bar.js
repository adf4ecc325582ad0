// The bar at the top of the day: whether there is reception, what waits, and what needs its person,
// who sees both sides and decides.
import { alone, drop, field, keep, tapsOf, withFields } from "./queue.js";
import { said, stopOf } from "./stops.js";

const A_DAY = 24 * 3600 * 1000; // ms: what was tapped longer ago is sent as of now
const bar = document.getElementById("reception"), words = bar.dataset;
const line = bar.querySelector(".said"), opener = bar.querySelector(".opens"), enter = bar.querySelector("a");
const list = document.getElementById("queue"), rows = list.querySelector("ul");
const row = document.getElementById("tap"), asking = document.getElementById("drop-tap");
const labels = JSON.parse(words.labels);
const TYPED = ["eta", "label", "amount", "text", "name"]; // names of fields
const isElsewhere = location.hash === "#no-reception"; // the worker led here from another page
let latest = [[], 0], shown = ""; // the list is made anew only where what it shows changes

export function showBar(taps, { trouble, sending }, refused) {
  const needs = taps.filter(({ state }) => state === "needs").length, waits = taps.length - needs;
  line.textContent = refused || sentence(trouble, sending, waits);
  bar.classList.toggle("trouble", Boolean(refused || trouble));
  enter.hidden = trouble !== "signedOut";
  enter.textContent = counted(taps.length, words.signInOne, words.signInMany) || words.signIn;
  opener.hidden = !taps.length;
  opener.textContent = [counted(waits, words.waitsOne, words.waitsMany), counted(needs, words.needsOne, words.needsMany)].filter(Boolean).join(" · ");
  opener.classList.toggle("needs", needs > 0);
  showList(taps, sending);
}

function sentence(trouble, sending, waits) {
  if (words.copied && ["", "lost", "busy"].includes(trouble)) return isElsewhere ? `${words.elsewhere} ${words.asOf}` : words.asOf;
  if (trouble) return words[trouble];
  if (sending) return words.sending;
  return waits ? "" : words.sent;
}

function counted(count, one, many) {
  return count && (count > 1 ? many.replace("%d", count) : one);
}

function showList(taps, sending) {
  latest = [taps, sending];
  if (!list.open) return;
  const now = JSON.stringify([taps, sending]);
  if (now === shown) return;
  shown = now;
  const focused = rows.contains(document.activeElement) && document.activeElement.closest("li").dataset.tap;
  rows.replaceChildren(...taps.map((tap) => rowOf(tap, sending)));
  if (focused) (rows.querySelector(`[data-tap="${focused}"] button:enabled`) || list.querySelector(".closes")).focus();
  if (!taps.length) list.close();
}

function rowOf(tap, sending) {
  const item = row.content.cloneNode(true).firstElementChild;
  const set = (name, text) => { item.querySelector(name).textContent = text; };
  item.dataset.tap = tap.id;
  set(".name", tap.name);
  const needs = tap.state === "needs", { answer } = tap;
  set(".you", needs ? words.you.replace("%s", () => whole(tap)) : whole(tap));
  item.querySelector(".now").hidden = !needs;
  if (needs) set(".now", words.now.replace("%s", () => [labels[answer.status], answer.said].filter(Boolean).join("; ")));
  for (const button of item.querySelectorAll("[data-do]")) {
    button.hidden = !needs && button.dataset.do !== "drop";
    button.disabled = tap.id === sending;
    button.addEventListener("click", () => DO[button.dataset.do](tap));
  }
  // Where the job is gone there is nothing to send it on top of.
  if (needs && answer.code === 404) {
    item.querySelector("[data-do=top]").hidden = true;
    item.querySelector("[data-do=change]").hidden = !formOf(tap);
  }
  // Sent again as it is, it is done once; changed, what arrived of it would be there twice.
  if (needs && (mayHaveArrived(tap) || tap.files.length)) item.querySelector("[data-do=change]").hidden = true;
  return item;
}

function mayHaveArrived({ tried, state, answer }) {
  return tried && (state !== "needs" || answer.code >= 500);
}

// With what was typed: it may be nowhere else any more.
function whole(tap) {
  const typed = tap.fields.filter(([name, value]) => TYPED.includes(name) && value.trim()).map(([, value]) => value);
  return [said(tap), typed.join(" · ")].filter(Boolean).join(": ");
}

const DO = {
  async top(tap) {
    const { status } = tap.answer;
    const again = withFields(tap, { insist: "1", ...(status && field(tap, "expected") ? { expected: status } : {}) });
    const isLate = Date.now() - tap.tapped > A_DAY;
    await alone(() => keep({ ...again, state: "waiting", answer: null, isLate }));
    decided();
  },
  change(tap) {
    list.close();
    const form = formOf(tap);
    if (!form) return location.assign(words.job.replace("JOB", encodeURIComponent(tap.job)));
    fill(form, tap);
    form.dataset.replaces = tap.id;
    form.closest("details:not([open])")?.setAttribute("open", "");
    form.closest("[popover]")?.showPopover();
    form.querySelector(VISIBLE).dispatchEvent(new Event("input", { bubbles: true }));
    form.querySelector(VISIBLE).focus();
  },
  drop(tap) {
    const question = mayHaveArrived(tap) ? words.dropsTried : words.drops;
    asking.querySelector("p").textContent = question.replace("%s", () => `${tap.name}: ${said(tap)}`);
    asking.showModal();
    asking.addEventListener("close", () => {
      if (asking.returnValue === "drop") dropNow(tap);
    }, { once: true });
  },
};

// What is being sent is first heard of: then it may be there no more, and this gives false.
export async function dropNow({ id, member }) {
  const isDropped = await alone(async () => {
    const tap = (await tapsOf(member)).find((each) => each.id === id);
    if (tap) await drop(tap, words.dropped);
    return Boolean(tap);
  });
  decided();
  return isDropped;
}

function decided() {
  list.dispatchEvent(new Event("decided"));
}

const VISIBLE = "textarea, select, input:not([type=hidden])";

function formOf(tap) {
  const forms = [...(stopOf(tap.job)?.querySelectorAll("form[data-queue]") || [])];
  return forms.find((form) => new URL(form.action).pathname === tap.path.split("?")[0] && form.querySelector(VISIBLE) && tap.what.startsWith(form.dataset.what));
}

// Of several fields of one name each gets its own; a form that has too few makes room first.
function fill(form, tap) {
  form.dispatchEvent(new CustomEvent("filling", { bubbles: true, detail: tap.fields }));
  const left = [...tap.fields];
  for (const field of form.elements) {
    const place = left.findIndex(([name]) => name === field.name), value = left[place]?.[1];
    if (value === undefined || field.matches("[type=hidden], [type=file], button")) continue;
    if (field.type === "radio") field.checked = field.value === value;
    else [[, field.value]] = left.splice(place, 1);
  }
  const files = new DataTransfer();
  for (const [, blob, filename] of tap.files) files.items.add(new File([blob], filename, { type: blob.type }));
  const input = form.querySelector("input[type=file]");
  if (input && files.files.length) input.files = files.files;
}

opener.addEventListener("click", () => {
  list.showModal();
  showList(...latest);
});
