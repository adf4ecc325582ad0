// The copy of the day is made anew as the day goes on, and is gone when it is over.
import { forget } from "./keep.js";

const SOON = 60000; // ms within which one copy is as good as the next
const bar = document.getElementById("reception");
let keptAt = -SOON;

// The worker fetches the day; what this page shows may be half typed.
export async function keep() {
  if (!navigator.serviceWorker || !bar.dataset.kept) return;
  const { active } = await navigator.serviceWorker.ready;
  keptAt = performance.now();
  active.postMessage("keep");
}

async function endWithTheDay() {
  if (Date.now() < Date.parse(bar.dataset.until)) return;
  await forget();
  if (bar.dataset.copied) location.reload();
}

if (!performance.getEntriesByType("navigation")[0]?.workerStart) keep(); // else it saw the page come
document.addEventListener("visibilitychange", () => {
  if (document.hidden && performance.now() - keptAt > SOON) keep();
  endWithTheDay();
});
setInterval(endWithTheDay, SOON);
