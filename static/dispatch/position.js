// Where the driver is, for the customer whom they are on the way to: told only after they have ticked
// it for this way, while this page is in front, and until they start.
import { send } from "../site/live.js";

const EVERY = 30000; // ms
const LONGEST = 3 * 3600000; // ms: nobody is on the way for longer
const KEPT = "position"; // in this tab: phones drop a page behind their maps, and load it again
let watch, last = 0, wasHeard = false;

document.addEventListener("submit", ({ target: form }) => {
  if (form.dataset.to) end();
  const box = form.querySelector("[data-share]");
  if (!box?.checked) return;
  box.checked = false;
  sessionStorage.setItem(KEPT, JSON.stringify({ url: form.dataset.position, since: Date.now() }));
  begin();
});

document.addEventListener("click", ({ target }) => target.closest("[data-share-no-more]") && end());

function begin() {
  const { url, since } = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
  if (!url || Date.now() - since > LONGEST) return end();
  last = 0;
  wasHeard = false;
  watch ??= navigator.geolocation.watchPosition(tell, ({ code }) => code === 1 && end(), { enableHighAccuracy: true });
  show(url);
}

async function tell({ coords, timestamp }) {
  const { url } = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
  if (!url || document.hidden || Date.now() - last < EVERY) return;
  last = Date.now();
  const body = new FormData(document.querySelector("form[data-position]"));
  body.set("lat", coords.latitude);
  body.set("lon", coords.longitude);
  body.set("ago_s", Math.max(0, Math.round((Date.now() - timestamp) / 1000)));
  const { status } = await send(url, body);
  // What they have tapped may still wait to be sent: only once it was heard is a no the end of it.
  if (status === 200) wasHeard = true;
  else if (status === 401 || status === 404 || (status === 409 && wasHeard)) end();
}

function end() {
  if (watch !== undefined) navigator.geolocation.clearWatch(watch);
  watch = undefined;
  sessionStorage.removeItem(KEPT);
  show("");
}

function show(url) {
  for (const note of document.querySelectorAll("[data-sharing]")) note.hidden = note.dataset.sharing !== url;
}

function offer() {
  for (const label of document.querySelectorAll(".share")) label.hidden = false;
  show(JSON.parse(sessionStorage.getItem(KEPT) || "{}").url);
}

if (navigator.geolocation) {
  offer();
  begin();
  document.addEventListener("fresh", offer, { capture: true });
  document.addEventListener("merged", offer, { capture: true });
}
