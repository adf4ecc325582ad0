// How jobs stand by the latest answers, where the page does not show it yet. It is kept with the copy
// of the day, which may be older, and goes with it.
import { COPIES } from "./keep.js";

const PLACE = "/dashboard/day/heard";
let heard = {}; // job id → {status, version}

async function copy() {
  const name = (await window.caches?.keys().catch(() => []))?.find((each) => each.startsWith(COPIES));
  return name && caches.open(name);
}

export async function load() {
  const kept = await (await copy())?.match(PLACE);
  if (kept) heard = { ...heard, ...await kept.json() };
}

export async function hear(job, { status, version }) {
  heard[job] = { status, version };
  await (await copy())?.put(PLACE, new Response(JSON.stringify(heard)));
}

// Null where the stop on the page is as new.
export function since({ dataset }) {
  const known = heard[dataset.id];
  return known?.version > Number(dataset.version) ? known.status : null;
}

export function statusOf(stop) {
  return since(stop) || stop.dataset.status;
}
