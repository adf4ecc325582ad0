// Sends what waits, in order, one tap after the other, while this page is open: phones send nothing
// in the background. A tap that was heard already is done once: its key says so.
import { hear } from "./heard.js";
import { alone, keep, next, sent, tapsOf } from "./queue.js";

const FIRST = 1000, MOST = 10000; // ms between two tries
const PATIENCE = 30000, SLOWEST = 2; // ms for an answer, and bytes per ms of a photo's way
const MOST_BROKEN = 3; // answers of 500, until its person is asked
const LATER = [408, 425, 429, 502, 503, 504]; // it may go through another time

// `told()` hears that there were answers to taps, when there are no more, and `changed()` that
// `state` is another: its `trouble` is "" or why nothing can be sent now ("lost", "busy",
// "signedOut", "other", "unreadable"), `sending` the tap's id.
export function sender({ member, tokenAddress, told, changed }) {
  const state = { trouble: "", sending: 0 };
  const broken = new Map(), refused = new Set(); // by id
  let token = "", failures = 0, notBefore = 0, timer, running = false, again = false, isHeard = false;

  function set(values) {
    Object.assign(state, values);
    changed();
  }

  async function pump() {
    if (running) {
      again = true;
      return;
    }
    clearTimeout(timer);
    running = true;
    token = "";
    try {
      do again = false; while ((await alone(sendNext)) || again);
    } catch {
      retry("unreadable");
    } finally {
      running = false;
    }
    if (isHeard) told();
    isHeard = false;
  }

  // True where there is more to send.
  async function sendNext() {
    const tap = next(await tapsOf(member));
    if (!tap && !state.trouble) return false;
    const wait = notBefore - performance.now();
    if (wait > 0) return retry(state.trouble, wait);
    if (!token && !(await hasToken())) return false;
    if (!tap) {
      failures = 0;
      set({ trouble: "" });
      return false;
    }
    set({ sending: tap.id });
    if (!tap.tried) await keep({ ...tap, tried: true });
    const goesOn = await settle(tap, await post(tap, token));
    set({ sending: 0 });
    return goesOn;
  }

  async function hasToken() {
    const answer = await ask(tokenAddress, {}, PATIENCE);
    if (answer.status === 401) return stop("signedOut");
    if (!answer.json) return retry(answer.status ? "busy" : "lost", answer.after);
    if (answer.json.member !== member) return stop("other");
    token = answer.json.token;
    return true;
  }

  async function settle(tap, answer) {
    const { status } = answer;
    if (status === 401) return stop("signedOut");
    if (status === 403 && !refused.has(tap.id)) {
      refused.add(tap.id);
      token = "";
      return true;
    }
    if (!status || (status < 400 && !answer.isDone)) return retry("lost");
    if (LATER.includes(status)) return retry("busy", answer.after);
    if (status >= 500) {
      broken.set(tap.id, (broken.get(tap.id) || 0) + 1);
      if (broken.get(tap.id) < MOST_BROKEN) return retry("busy");
    }
    failures = 0;
    if (answer.json?.status) await hear(tap.job, answer.json);
    if (answer.isDone) await sent(tap);
    else await keep({ ...tap, tried: true, state: "needs", answer: { code: status, status: answer.json?.status || "", said: answer.said } });
    set({ trouble: "" });
    isHeard = true;
    return true;
  }

  function stop(trouble) {
    set({ trouble });
    return false;
  }

  function retry(trouble, after = 0) {
    failures += 1;
    notBefore = Math.max(notBefore, performance.now() + after);
    clearTimeout(timer);
    timer = setTimeout(pump, Math.max(after, Math.min(MOST, FIRST * 2 ** (failures - 1))));
    return stop(trouble);
  }

  // Others have noticed that there is no reception; we ask until there is.
  function lose() {
    if (!state.trouble) retry("lost");
  }

  addEventListener("online", pump);
  addEventListener("offline", lose);
  document.addEventListener("visibilitychange", () => document.hidden || pump());
  return { state, pump, lose };
}

function post(tap, token) {
  const body = new FormData();
  for (const [name, value] of tap.fields) body.append(name, value);
  for (const file of tap.files) body.append(...file);
  body.set("key", tap.key);
  // A clock may have been put back meanwhile.
  if (!tap.isLate) body.set("ago_s", Math.max(0, Math.floor((Date.now() - tap.tapped) / 1000)));
  const bytes = tap.files.reduce((sum, [, blob]) => sum + blob.size, 0);
  const headers = { "X-CSRFToken": token };
  return ask(tap.path, { method: "POST", body, headers }, PATIENCE + bytes / SLOWEST);
}

// No answer, or not the whole of it, is one of status 0.
async function ask(address, { headers, ...options }, patience) {
  try {
    const answer = await fetch(address, {
      ...options,
      headers: { "X-Requested-With": "fetch", Accept: "application/json", ...headers },
      cache: "no-store",
      signal: AbortSignal.timeout(patience),
    });
    const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    const json = isJson ? await answer.json() : null;
    const said = json ? json.said : sayingOf(await answer.text());
    const after = Number(answer.headers.get("Retry-After")) * 1000 || 0;
    // Another's page, as a hotel's for its guests, is no answer of ours.
    return { status: answer.status, isDone: answer.ok && Boolean(json), json, said, after };
  } catch {
    return { status: 0 };
  }
}

// A page that is no answer to a script says in words what happened.
function sayingOf(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return [...page.querySelectorAll("h1, h1 + p")].map((each) => each.textContent.trim()).join(". ");
}
