// The tracking page refreshes itself; without this script a reload does the same.
import { copyButtons, live } from "../site/live.js";
import { steady } from "../site/steady.js";

const part = document.getElementById("live");
// Not this page's address: the answer to a refused form has that of the form.
const poll = new URL(part.dataset.poll, location), page = new URL(poll);
page.pathname = page.pathname.replace(/\/live$/, "");
const link = page.href;
poll.searchParams.set("r", part.dataset.revision);
const hasCome = steady(part, () => part);
history.replaceState(null, "", link);
copyButtons(document, link);

live({
  address: () => poll.href,
  every: Number(part.dataset.every),
  lost: (is) => { document.getElementById("offline").hidden = !is; },
  refused: (answer) => answer.status === 404 && (location.reload(), true),
  apply(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    if (part.innerHTML === fresh.innerHTML) return;
    const focused = part.contains(document.activeElement) && document.activeElement;
    const before = sentence();
    part.replaceChildren(fresh.content);
    hasCome(part, { follows: true });
    const now = sentence();
    if (now !== before) document.getElementById("said").textContent = now;
    document.title = `${now} · ${document.title.split(" · ").pop()}`;
    if (focused) refocus(focused);
  },
});

function sentence() {
  return part.querySelector("h1").textContent.trim().replace(/\s+/g, " ");
}

function refocus(old) {
  const twins = part.querySelectorAll(old.tagName);
  [...twins].find((each) => each.textContent === old.textContent)?.focus();
}
