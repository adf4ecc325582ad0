const TIMEOUT = 15000, FILES_TIMEOUT = 180000; // ms
const TOKEN = "csrfmiddlewaretoken";

// A computer's clock may be hours off: ages go by the server's, as the page and each answer say it.
let ahead = 0; // ms by which the server's clock is ahead of ours
const setClock = (said) => { ahead = (Date.parse(said) || Date.now()) - Date.now(); };
setClock(document.querySelector("[data-now]")?.dataset.now);

// Fetches, with a script's header, and reads the answer to its end. Throws where none comes.
export async function ask(url, { body, etag } = {}) {
  const headers = { "X-Requested-With": "fetch" };
  if (etag) headers["If-None-Match"] = etag;
  const stop = new AbortController();
  const hasFiles = body instanceof FormData && [...body.values()].some((value) => value instanceof File);
  const timer = setTimeout(() => stop.abort(), hasFiles ? FILES_TIMEOUT : TIMEOUT);
  try {
    const method = body ? "POST" : "GET";
    const answer = await fetch(url, { method, body, headers, cache: "no-store", signal: stop.signal });
    const { status, ok } = answer;
    setClock(answer.headers.get("Date"));
    return { status, ok, etag: answer.headers.get("ETag") || "", html: await answer.text() };
  } finally {
    clearTimeout(timer);
  }
}

// As `ask`, but no answer is an answer too: one of status 0. Where this member has signed in anew
// elsewhere, the page's token is no longer theirs: the answer has a fresh one, to be sent at once.
export async function send(url, body) {
  try {
    const answer = await ask(url, { body });
    const token = body && answer.status === 403 && freshToken(answer);
    if (!token) return answer;
    body.set(TOKEN, token);
    for (const field of document.querySelectorAll(`[name=${TOKEN}]`)) field.value = token;
    return await ask(url, { body });
  } catch {
    return { status: 0, ok: false, html: "" };
  }
}

function freshToken(answer) {
  return parse(answer.html).querySelector(`#unsent [name=${TOKEN}]`)?.value;
}

// While the button's work is under way, pressing it again does nothing.
export async function busy(button, work) {
  if (button?.getAttribute("aria-busy")) return;
  button?.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Asks one address again and again for the changing part of a page; 304 costs next to nothing.
// `apply(html)` shows what is new, or returns false to get it again with the next poll;
// `lost(true|false)` hears whether the server is out of reach, and `refused(answer)` of an
// answer that is neither: what it returns true for ends the polling.
export function live({ address, every, apply, lost, refused, etag = "" }) {
  let failures = 0, timer, last = Promise.resolve();

  async function poll() {
    clearTimeout(timer);
    try {
      const answer = await ask(address(), { etag });
      if (answer.status === 200) {
        if (apply(answer.html) !== false) etag = answer.etag;
      } else if (answer.status !== 304) {
        if (refused(answer)) return;
        throw new Error(String(answer.status));
      }
      failures = 0;
    } catch {
      failures += 1;
    }
    lost(failures > 1);
    timer = setTimeout(refresh, Math.min(30, every * 2 ** Math.max(0, failures - 1)) * 1000);
  }

  // One after the other, so that an older answer never comes after a newer one.
  function refresh() {
    last = last.then(poll);
    return last;
  }

  timer = setTimeout(refresh, every * 1000);
  addEventListener("online", refresh);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  return refresh;
}

// Times come as they are; here they become "5 min ago", in the words that `root` has for it, beside
// the clock time in the tooltip. What is longer ago than two weeks stays a date. `parts` are where
// in the page they are.
export function relative(root, selector, parts = [root]) {
  const now = Date.now() + ahead;
  const { justNow, minutesAgo, hoursAgo, daysAgo } = root.dataset;
  for (const time of parts.flatMap((part) => [...part.querySelectorAll(selector)])) {
    const minutes = Math.round((now - Date.parse(time.dateTime)) / 60000);
    time.title ||= time.textContent;
    const text = minutes < 1 ? justNow
      : minutes < 60 ? minutesAgo.replace("%d", minutes)
      : minutes < 48 * 60 ? hoursAgo.replace("%d", Math.round(minutes / 60))
      : minutes <= 14 * 1440 ? daysAgo.replace("%d", Math.round(minutes / 1440))
      : time.title;
    if (time.textContent !== text) time.textContent = text;
  }
}

// Buttons that copy a link exist only where the browser can do it.
export function copyButtons(root, link) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy || link);
      button.textContent = button.dataset.copied;
    });
  }
}
