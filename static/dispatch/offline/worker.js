// The service worker's code: it keeps one copy of the day of whoever is signed in, and shows it where
// there is no reception. TOLD comes with it from the server: the copy's name, addresses, and a page
// that says there is no reception. Of what is sent it answers a sign-out alone, where that
// does not get through. It keeps nothing else.
const PATIENCE = 3000; // ms for the network, where there is a copy: no reception looks like a slow one
const OUT_OF_REACH = [502, 503, 504];
const MEMBER = "Qdn-Member", UNTIL = "Qdn-Until", DATE = "Qdn-Date"; // headers of the copy
let forgotten = 0; // how often: what was on its way meanwhile is not kept any more
const HASHED = /^\/static\/.*\.[0-9a-f]{12}\.\w+$/;
const FILE = /(?:href|src)="(\/(?:static\/|brand\.)[^"]+)"/g;
const IMPORTED = /\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(begin()));
addEventListener("message", (event) => {
  if (event.data === "keep") event.waitUntil(fetch(TOLD.day).then(keep).catch(() => {}));
});
addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method === "POST" && pathname === TOLD.logout) event.respondWith(leave(request));
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (/^\/(static\/|brand\.)/.test(pathname)) event.respondWith(file(request));
});

async function begin() {
  for (const name of await caches.keys()) if (name !== TOLD.copy) await caches.delete(name);
  await clients.claim();
}

function isOwnDay({ url }) {
  const { pathname, search } = new URL(url);
  return pathname === TOLD.day && !search;
}

// With the stop that was opened there in its address.
function isSameDay({ url }, headers) {
  const { pathname, searchParams: asked } = new URL(url);
  return pathname === TOLD.day && asked.get("date") === headers.get(DATE) && asked.get("member") === headers.get(MEMBER);
}

async function page(event) {
  const isDay = isOwnDay(event.request);
  const asked = fetch(event.request).then(heard);
  event.waitUntil(asked.then((answer) => isDay && keep(answer.clone())).catch(() => {}));
  const copied = isDay ? await copy() : null;
  if (!copied) return asked.catch(() => instead(event.request));
  const fresh = asked.then((answer) => (OUT_OF_REACH.includes(answer.status) ? copied : answer), () => copied);
  const soon = new Promise((done) => { setTimeout(done, PATIENCE, copied); });
  return Promise.race([fresh, soon]);
}

// The day itself is at its own address; its page says where it stands for another.
async function instead(request) {
  const kept = await copy();
  if (kept) return Response.redirect(TOLD.day + (isSameDay(request, kept.headers) ? "" : "#no-reception"));
  return noReception();
}

function noReception() {
  return new Response(TOLD.page, { status: 503, headers: { "Content-Type": "text/html;charset=utf-8" } });
}

async function leave(request) {
  await forget();
  return fetch(request).catch(noReception);
}

async function file(request) {
  const kept = await find(request);
  if (kept && HASHED.test(new URL(request.url).pathname)) return kept;
  return fetch(request).catch(() => kept || Response.error());
}

// The session is over where it is said to be, and where one signs in.
async function heard(answer) {
  if (answer.status === 401 || (answer.ok && new URL(answer.url).pathname === TOLD.login)) await forget();
  return answer;
}

function forget() {
  forgotten += 1;
  return caches.delete(TOLD.copy);
}

function find(what) {
  return caches.match(what, { cacheName: TOLD.copy });
}

// As the page was when it came, marked as a copy; null where there is none, or its day is over.
async function copy() {
  const kept = await find(TOLD.day);
  if (!kept) return null;
  if (new Date(kept.headers.get(UNTIL)) <= new Date()) {
    await forget();
    return null;
  }
  const html = (await kept.text()).replace('data-copied=""', 'data-copied="yes"');
  return new Response(html, { headers: kept.headers });
}

// With all that it needs, or not at all: half a copy would be a page without its buttons.
async function keep(answer) {
  if (answer.status !== 200 || answer.redirected || !isOwnDay(answer)) return;
  const before = forgotten, html = await answer.text();
  const read = (pattern) => pattern.exec(html)?.[1] || "";
  const member = read(/data-member="([^"]+)"/), until = read(/data-until="([^"]+)"/);
  if (!member || !until) return;
  const cache = await caches.open(TOLD.copy);
  const files = await keepFiles(cache, [...html.matchAll(FILE)].map(([, path]) => path));
  if (forgotten !== before) return;
  const headers = new Headers(answer.headers);
  for (const name of ["Content-Encoding", "Content-Length", "Set-Cookie"]) headers.delete(name);
  headers.set(MEMBER, member);
  headers.set(UNTIL, until);
  headers.set(DATE, read(/data-poll="[^"]*\?date=([\d-]+)/));
  await cache.put(TOLD.day, new Response(html, { headers }));
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (!pathname.startsWith(TOLD.day) && !files.has(pathname)) await cache.delete(url); // what was heard since stays
  }
}

// Those too that scripts import; the paths of all.
async function keepFiles(cache, paths) {
  const files = new Set();
  while (paths.length) {
    const path = paths.pop();
    if (files.has(path)) continue;
    files.add(path);
    const known = HASHED.test(path) && (await cache.match(path));
    const answer = known || await fetch(path);
    if (!answer.ok) throw new Error(path);
    if (!known) await cache.put(path, answer.clone());
    if (!path.endsWith(".js")) continue;
    for (const [, relative] of (await answer.text()).matchAll(IMPORTED)) paths.push(new URL(relative, location.origin + path).pathname);
  }
  return files;
}
