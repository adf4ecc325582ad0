const PATIENCE = 15000; // ms: an answer that is not there by then does not come

// Fetches, with a script's header, and reads the answer to its end. Throws where none comes.
export async function ask(url, { body, etag } = {}) {
  const headers = { "X-Requested-With": "fetch" };
  if (etag) headers["If-None-Match"] = etag;
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const method = body ? "POST" : "GET";
    const answer = await fetch(url, { method, body, headers, cache: "no-store", signal: stop.signal });
    const { status, ok } = answer;
    return { status, ok, etag: answer.headers.get("ETag") || "", html: await answer.text() };
  } finally {
    clearTimeout(late);
  }
}

// Asks one address again and again for the changing part of a page; 304 costs next to nothing.
// `apply(html)` takes what is new; `lost(true|false)` hears when the server is out of reach.
export function live({ address, every, apply, lost, refused }) {
  let etag = "", failures = 0, timer, looking = null;

  async function look() {
    clearTimeout(timer);
    try {
      const answer = await ask(address(), { etag });
      if (answer.status === 200) {
        if (apply(answer.html) !== false) etag = answer.etag;
      } else if (answer.status !== 304) {
        if (refused && refused(answer)) return;
        throw new Error(String(answer.status));
      }
      failures = 0;
    } catch {
      failures += 1;
    }
    lost(failures > 1);
    timer = setTimeout(again, Math.min(30, every * 2 ** Math.max(0, failures - 1)) * 1000);
  }

  function again() {
    looking = (looking || Promise.resolve()).then(look);
    return looking;
  }

  timer = setTimeout(again, every * 1000);
  addEventListener("online", again);
  document.addEventListener("visibilitychange", () => document.hidden || again());
  return again;
}

// Times come as they are; here they become "5 min ago" beside the clock time in the tooltip.
export function relative(root, selector) {
  const now = Date.now();
  for (const time of root.querySelectorAll(selector)) {
    const minutes = Math.round((now - Date.parse(time.dateTime)) / 60000);
    time.title ||= time.textContent;
    time.textContent = minutes < 1 ? "just now"
      : minutes < 60 ? `${minutes} min ago`
      : minutes < 48 * 60 ? `${Math.round(minutes / 60)} h ago`
      : `${Math.round(minutes / 1440)} days ago`;
  }
}

// Buttons that copy a link exist only where the browser can do it.
export function copyButtons(root, link) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy || link);
      button.textContent = "Copied";
    });
  }
}
