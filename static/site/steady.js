// What has come under a finger within the last second is not what was aimed at: a tap on it does
// nothing. Keys are no taps.
const MOMENT = 1000; // ms
const NEAR = 24; // pixels: the same place, for a hand
let pointer = { x: 0, y: 0 }; // where it was last
for (const kind of ["pointermove", "pointerdown"]) {
  addEventListener(kind, ({ clientX: x, clientY: y }) => { pointer = { x, y }; }, { capture: true, passive: true });
}

export function isUnderPointer(element) {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return left <= pointer.x && pointer.x <= right && top <= pointer.y && pointer.y <= bottom;
}

// Taps within `root` on what `find(target)` gives. The function returned says of such an element
// that it has just come to its place; with `follows`, by what this person did themselves, who may
// well go after it: only a tap where they tapped before was meant for something else.
export function steady(root, find, refused = () => {}) {
  const came = new WeakMap();
  root.addEventListener("click", (event) => {
    const how = came.get(find(event.target));
    if (!event.detail || !how || Date.now() - how.at >= MOMENT) return;
    const away = Math.hypot(event.clientX - how.x, event.clientY - how.y);
    if (how.follows && away > NEAR) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    refused();
  }, { capture: true });
  return (element, { follows = false } = {}) => came.set(element, { at: Date.now(), ...pointer, follows });
}
