// What was tapped and is not sent yet, in this browser's own database, in the order of the taps.
// A tap is {v, id, member, job, name, path, fields, files, what, tapped, key, from, to, state,
// answer}: `fields` are [name, value], `files` [name, blob, filename], `tapped` is in ms, `from`
// and `to` are statuses; its `state` is "waiting", or "needs" where the person has to say what
// is to become of it. Other releases read what this one wrote: `v` grows when the meaning changes.
const DATABASE = "qdn", STORE = "taps", LOCK = "qdn-taps";
export const VERSION = 1;
const tabs = new BroadcastChannel(DATABASE);
export const changes = new EventTarget(); // hears "here" and "elsewhere", in another tab
tabs.addEventListener("message", () => changes.dispatchEvent(new Event("elsewhere")));

let opening;
function opened() {
  opening ||= new Promise((done, fail) => {
    const request = indexedDB.open(DATABASE); // of whatever version there is
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
    request.onsuccess = () => {
      request.result.onclose = () => { opening = null; };
      done(request.result);
    };
    request.onerror = () => {
      opening = null;
      fail(request.error);
    };
  });
  return opening;
}

// `work(store, taps)` in one transaction, with all taps in order; it is on the disk when this is
// done, or else nothing of it is.
async function within(mode, work) {
  const database = await opened();
  return new Promise((done, fail) => {
    const transaction = database.transaction(STORE, mode, { durability: "strict" });
    const store = transaction.objectStore(STORE);
    let result;
    store.getAll().onsuccess = ({ target }) => {
      try {
        result = work(store, target.result);
      } catch (error) {
        fail(error);
        transaction.abort();
      }
    };
    transaction.oncomplete = () => done(result);
    transaction.onabort = () => fail(transaction.error);
  });
}

async function change(work) {
  const result = await within("readwrite", work);
  tabs.postMessage("changed");
  changes.dispatchEvent(new Event("here"));
  return result;
}

// Only ever this member's: the others' stay hidden until they are back.
export function tapsOf(member) {
  return within("readonly", (_store, taps) => taps.filter((tap) => tap.member === member));
}

export function statusAfter(taps, status) {
  return taps.findLast((tap) => tap.to)?.to || status;
}

// `changed` is the id of a tap in whose place this one is, where that one is still there.
export function add(tap, changed) {
  return change((store, taps) => {
    const replaces = taps.find(({ id }) => id === changed)?.id;
    const earlier = taps.filter((each) => isWith(each, tap) && !(each.id >= replaces));
    const seen = field(tap, "expected");
    const expected = seen && statusAfter(earlier, seen);
    const made = { ...withFields(tap, { expected }), v: VERSION, state: "waiting" };
    if (replaces === undefined) store.add(made);
    else store.put({ ...made, id: replaces });
  });
}

export function keep(tap) {
  return change((store, taps) => {
    if (taps.some((each) => isSame(each, tap))) store.put(tap);
  });
}

export function sent(tap) {
  return change((store, taps) => {
    if (taps.some((each) => isSame(each, tap))) store.delete(tap.id);
  });
}

// What was tapped after it expected it: where that does not fit any more, its person is asked.
// The status of now is the answer's, or that which the tap itself expected.
export function drop(tap, why) {
  return change((store, taps) => {
    store.delete(tap.id);
    let status = tap.answer?.status || field(tap, "expected"), asks = false;
    for (const later of taps.filter((each) => isWith(each, tap) && each.id > tap.id)) {
      if (!later.from || later.v > VERSION) continue;
      const fits = !asks && later.from.split(" ").includes(status);
      const changed = withFields(later, { expected: status });
      if (!fits) {
        asks = true;
        Object.assign(changed, { state: "needs", answer: { status, said: why } });
      }
      store.put(changed);
      if (fits) status = later.to || status;
    }
  });
}

// One at a time, over all tabs: to send a tap, or to decide about one.
export function alone(work) {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work();
}

// The first tap that can be sent: what a job's person has to decide holds up that job alone.
export function next(taps) {
  const held = new Set();
  return taps.find((tap) => {
    if (tap.state === "waiting" && tap.v <= VERSION && !held.has(tap.job)) return true;
    held.add(tap.job);
    return false;
  });
}

export function field(tap, name) {
  return tap.fields.find(([each]) => each === name)?.[1];
}

// A field of no value is left out.
export function withFields(tap, values) {
  const fields = tap.fields.filter(([name]) => !(name in values));
  for (const [name, value] of Object.entries(values)) if (value) fields.push([name, value]);
  return { ...tap, fields };
}

// Another may have taken its place.
function isSame(tap, other) {
  return tap.id === other.id && tap.key === other.key;
}

function isWith(tap, other) {
  return tap.member === other.member && tap.job === other.job;
}
