// On every page of the crew: the phone keeps the day, and forgets it with its session. Signing out
// asks first while something waits to be sent.
const note = document.getElementById("leaving"), { member, day, worker } = note.dataset;
export const COPIES = "qdn-day-"; // what their names begin with, of whatever format

const bar = document.getElementById("reception"); // on the day's page alone
const SOON = 60000; // ms within which one copy is as good as the next
let keptAt = -SOON;

// Where a browser keeps nothing, as in a private window, there is nothing to forget.
export async function forget() {
  const names = await window.caches?.keys().catch(() => []) || [];
  await Promise.all(names.filter((name) => name.startsWith(COPIES)).map((name) => caches.delete(name)));
}

async function forgetOthers() {
  const kept = await window.caches?.match(day).catch(() => {});
  if (kept && kept.headers.get("Qdn-Member") !== member) await forget();
}

// The worker fetches the day anew; what a page shows may be half typed.
async function keep() {
  const { active } = await navigator.serviceWorker.ready;
  keptAt = performance.now();
  active.postMessage("keep");
}

async function endWithTheDay() {
  if (Date.now() < Date.parse(bar.dataset.until)) return;
  await forget();
  if (bar.dataset.copied) location.reload();
}

forgetOthers();
if (navigator.serviceWorker) {
  navigator.serviceWorker.register(worker).catch(() => {}); // all but the copy works without it
  if (bar?.dataset.kept) {
    if (!performance.getEntriesByType("navigation")[0]?.workerStart) keep(); // else it saw the page come
    document.addEventListener("told", keep);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && performance.now() - keptAt > SOON) keep();
    });
  }
}
if (bar) {
  setInterval(endWithTheDay, SOON);
  document.addEventListener("visibilitychange", endWithTheDay);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-leaves]")) return;
  event.preventDefault();
  if (await stays()) return;
  await forget();
  form.submit();
});

// Where the queue cannot be read, nobody is kept from leaving.
async function stays() {
  const { tapsOf } = await import("./queue.js");
  const count = (await tapsOf(member).catch(() => [])).length;
  if (!count) return false;
  const { one, many } = note.dataset;
  note.querySelector("p").textContent = count > 1 ? many.replace("%d", count) : one;
  note.showModal();
  await new Promise((done) => { note.addEventListener("close", done, { once: true }); });
  return note.returnValue !== "leave";
}
