// Where the driver is, for the customer whom they are on the way to: told only after they have ticked
// it for this way, while this page is in front, and until they start.
import { send } from "../site/live.js";

const EVERY = 30000, SOON = 3000, UNHEARD = 900000; // ms: what they have tapped may still wait to be sent
const LONGEST = 3 * 3600000; // ms: nobody is on the way for longer
const KEPT = "position"; // in this tab: phones drop a page behind their maps, and load it again
let watch, timer, newest, wasKept = false;

document.addEventListener("submit", ({ target: form }) => {
  if (form.dataset.to) end();
  const box = form.querySelector("[data-share]");
  if (!box?.checked) return;
  box.checked = false;
  end();
  sessionStorage.setItem(KEPT, JSON.stringify({ url: form.dataset.position, since: Date.now() }));
  begin();
});

document.addEventListener("click", ({ target }) => target.closest("[data-share-no-more]") && end());

const shared = () => JSON.parse(sessionStorage.getItem(KEPT) || "{}");

function begin() {
  const { url, since } = shared();
  if (!url || Date.now() - since > LONGEST) return end();
  watch = navigator.geolocation.watchPosition((position) => {
    newest = position;
    timer ??= setTimeout(tell, SOON);
  }, ({ code }) => code === 1 && end(), { enableHighAccuracy: true });
  show();
}

async function tell() {
  const { url, since } = shared();
  if (!url) return;
  const { coords, timestamp } = newest;
  if (!document.hidden) {
    const body = new FormData(document.querySelector("form[data-position]"));
    body.set("lat", coords.latitude);
    body.set("lon", coords.longitude);
    body.set("ago_s", Math.max(0, Math.round((Date.now() - timestamp) / 1000)));
    const { status, html } = await send(url, body);
    const isKept = status === 200 && JSON.parse(html).kept;
    if (url !== shared().url) return; // ended meanwhile
    const isOver = wasKept ? status === 200 : Date.now() - since > UNHEARD;
    if (!isKept && (isOver || status === 401 || status === 404)) return end();
    wasKept ||= isKept;
  }
  timer = setTimeout(tell, wasKept ? EVERY : SOON);
}

function end() {
  if (watch !== undefined) navigator.geolocation.clearWatch(watch);
  clearTimeout(timer);
  watch = timer = undefined;
  wasKept = false;
  sessionStorage.removeItem(KEPT);
  show();
}

function show() {
  const { url } = shared();
  for (const note of document.querySelectorAll("[data-sharing]")) note.hidden = note.dataset.sharing !== url;
}

function offer() {
  for (const label of document.querySelectorAll(".share")) label.hidden = false;
  show();
}

if (navigator.geolocation) {
  offer();
  begin();
  document.addEventListener("fresh", offer, { capture: true });
  document.addEventListener("merged", offer, { capture: true });
}
