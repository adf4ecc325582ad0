// No page of the crew is kept by the browser: Back asks for it anew, so that nothing is seen once
// the session is over. What was typed and not sent comes back all the same, for whoever typed it.
const member = document.querySelector("[name=member]")?.value;
const SAVED = `typed ${member} ${location.pathname}`, AGAIN = "shown again";
const NOT_KEPT = ["csrfmiddlewaretoken", "member", "back"];

export function typedIn(form) {
  // Those elsewhere on the page too, that name it by `form=`.
  const controls = "textarea, input:not([type=hidden], [type=file]), select";
  return [...form.elements].filter((it) => it.matches(controls) && isTyped(it));
}

function isTyped(field) {
  if ("unsent" in field.dataset) return true;
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
  const usual = field.querySelector("option[selected]") || field.options[0];
  return field.selectedOptions[0] !== usual;
}

// True where Back or Forward led here.
export const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward"
  || sessionStorage.getItem(AGAIN) !== null;
sessionStorage.removeItem(AGAIN);

function forms() {
  return [...document.querySelectorAll("main form[method=post]")].filter((form) => !form.closest("dialog"));
}

// With the key of the form: what was sent after all is not done twice.
function keep() {
  const kept = forms().filter((form) => typedIn(form).length).map((form) => [
    form.getAttribute("action"),
    typedIn(form)[0].name,
    [...new FormData(form)].filter(([name]) => !NOT_KEPT.includes(name) && !/password/.test(name)),
  ]);
  if (kept.length) sessionStorage.setItem(SAVED, JSON.stringify(kept));
  else sessionStorage.removeItem(SAVED);
}

function refill() {
  for (const [action, typed, fields] of JSON.parse(sessionStorage.getItem(SAVED)) || []) {
    // Of several forms with one action, that in which something can be typed.
    const form = forms().find((each) => each.getAttribute("action") === action
      && each.elements[typed] && each.elements[typed].type !== "hidden");
    const values = new Set(fields.map((field) => field.join("="))), left = [...fields];
    for (const field of form?.elements || []) {
      const place = left.findIndex(([name]) => name === field.name), value = left[place]?.[1];
      if (field.matches("[type=checkbox], [type=radio]")) field.checked = values.has(`${field.name}=${field.value}`);
      else if (value !== undefined && !field.matches("button, [type=file]")) {
        field.value = value;
        left.splice(place, 1); // of several of one name each has its own
      }
      if (value !== undefined) field.closest("details")?.setAttribute("open", "");
    }
  }
}

if (member) {
  if (isBack) refill();
  sessionStorage.removeItem(SAVED);
  addEventListener("pagehide", keep);
}

// Where a browser has kept the page nonetheless.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  document.body.hidden = true;
  sessionStorage.setItem(AGAIN, "");
  location.reload();
});
