// The drawer: a job's page, shown over the board. Its forms are plain ones; here they are sent
// without leaving the page, and what is half typed in the others stays.
import { ask, copyButtons } from "../site/live.js";

// As `ask`, but silence is an answer too: one of status 0.
export async function send(url, body) {
  try {
    return await ask(url, { body });
  } catch {
    return { status: 0, ok: false, html: "" };
  }
}

export function enliven(root, { onAnswer }) {
  copyButtons(root, "");
  for (const form of root.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = event.submitter;
      if (button?.getAttribute("aria-busy")) return;
      button?.setAttribute("aria-busy", "true");
      try {
        await onAnswer(await send(form.action, new FormData(form, button)), form);
      } finally {
        button?.removeAttribute("aria-busy");
      }
    });
  }
}

// What somebody typed in other forms of the drawer outlives the answer to this one. With it goes
// the version that they saw, so that the server still notices what others changed since.
export function drafts(root, sent) {
  const kept = [];
  for (const form of root.querySelectorAll("form[method=post]")) {
    if (form === sent) continue;
    const half = typedIn(form);
    if (half.length && form.elements.version) half.push(form.elements.version);
    for (const field of half) kept.push([form.getAttribute("action"), field.name, field.value]);
  }
  return kept;
}

export function refill(root, kept) {
  for (const [action, name, value] of kept) {
    const field = fieldOf(root, action, name);
    if (!field) continue;
    field.value = value;
    field.closest("details")?.setAttribute("open", "");
  }
}

// What was sent and refused comes back as if it had always been there: it is as unsent as before.
export function markUnsent(root, fields) {
  for (const { form, name } of fields) {
    const field = fieldOf(root, form.getAttribute("action"), name);
    if (field) field.dataset.unsent = "";
  }
}

// Whoever writes in another form than the one that was sent goes on where the caret was: what is
// returned puts it there in the fresh drawer, and says whether it did.
export function caret(root, sent) {
  const field = document.activeElement, { form, name, selectionStart, selectionEnd } = field;
  if (!root.contains(field) || !form || form === sent || field.matches("button")) return () => false;
  const action = form.getAttribute("action");
  return (next) => {
    const same = fieldOf(next, action, name);
    if (!same) return false;
    same.closest("details")?.setAttribute("open", "");
    same.focus({ preventScroll: true });
    if (typeof selectionStart === "number") same.setSelectionRange(selectionStart, selectionEnd);
    return true;
  };
}

function fieldOf(root, action, name) {
  const forms = [...root.querySelectorAll("form")];
  return forms.find((form) => form.getAttribute("action") === action && form.elements[name])?.elements[name];
}

export function typedIn(form) {
  return [...form.querySelectorAll("textarea, input:not([type=hidden]), select")].filter(isTyped);
}

function isTyped(field) {
  if ("unsent" in field.dataset) return true;
  if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
  const usual = field.querySelector("option[selected]") || field.options[0];
  return field.selectedOptions[0] !== usual;
}
