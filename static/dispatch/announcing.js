// News on the board: in a toast that screen readers hear, in the title, and by a sound.
import { parse } from "../site/live.js";
import { board, cardOf, label, signIn } from "./board.js";

const toast = document.getElementById("said"); // with the sentences that it may have to say
const sound = document.getElementById("sound");
const title = document.title;
const LEFT = `left ${board.dataset.member}`; // signed out, with something not done
const announced = new Set(newBookings().map(([id]) => id));
let unseen = 0; // new bookings since somebody last used the page

let clearing;
// With `spokenOnly` the toast is for screen readers: the page shows the text already.
export function say(text, { spokenOnly = false } = {}) {
  clearTimeout(clearing);
  toast.classList.toggle("hidden", spokenOnly);
  toast.textContent = text;
  clearing = setTimeout(() => { toast.textContent = ""; }, 6000);
}

// Says how a job's form was answered, and returns the job's page, if the answer is one.
export function sayAnswer(answer, options) {
  const page = parse(answer.html);
  if (page.querySelector("[data-job]")) {
    say(page.querySelector(".said").textContent, options);
    return page;
  }
  sayRefusal(answer);
  return null;
}

// An answer without a job in it is a page that says in words what happened, or none at all.
export function sayRefusal(answer) {
  if (answer.status === 401) {
    sessionStorage.setItem(LEFT, "1");
    return signIn();
  }
  if (!answer.status) return say(toast.dataset.unreachable);
  const words = [...parse(answer.html).querySelectorAll("h1, h1 + p")].map((each) => each.textContent);
  say(words.join(". ") || toast.dataset.failed);
}

board.addEventListener("slid", () => say(toast.dataset.slid));

board.addEventListener("merged", ({ detail: { changed } }) => {
  const bookings = newBookings().filter(([id]) => !announced.has(id));
  if (bookings.length) announceBookings(bookings);
  else if (!toast.textContent) announceMoves(changed);
});

// Ids and customers' names, those that the filters hide included.
function newBookings() {
  return JSON.parse(board.firstElementChild.dataset.bookings);
}

function announceBookings(bookings) {
  for (const [id] of bookings) {
    announced.add(id);
    cardOf(id)?.classList.add("new");
  }
  unseen += bookings.length;
  const { oneNew, manyNew, booked } = toast.dataset;
  document.title = `${unseen > 1 ? manyNew.replace("%d", unseen) : oneNew} ${title}`;
  say(booked.replace("%s", () => bookings.map(([, name]) => name).join(", ")));
  beep();
}

function announceMoves(changed) {
  const moved = changed.filter(([old, card]) => old && card && old.dataset.status !== card.dataset.status);
  if (!moved.length) return;
  const [[, card]] = moved;
  const name = card.querySelector("strong").textContent;
  say(moved.length > 1 ? toast.dataset.moved.replace("%d", moved.length) : `${name}: ${label(card.dataset.status)}`);
}

function markSeen() {
  if (document.hidden || !unseen) return;
  unseen = 0;
  document.title = title;
}
document.addEventListener("visibilitychange", markSeen);
addEventListener("pointerdown", markSeen);
addEventListener("keydown", markSeen);

sound.closest("label").hidden = false;
sound.checked = localStorage.getItem("sound") !== "off";
sound.addEventListener("change", () => {
  localStorage.setItem("sound", sound.checked ? "on" : "off");
  beep();
});

let audio;
function beep() {
  if (!sound.checked || !window.AudioContext) return;
  audio ||= new AudioContext();
  audio.resume(); // one that was made before the first click starts out silent
  const tone = audio.createOscillator(), volume = audio.createGain();
  tone.frequency.value = 880;
  volume.gain.setValueAtTime(0.15, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.4);
}

if (sessionStorage.getItem(LEFT)) {
  sessionStorage.removeItem(LEFT);
  say(toast.dataset.left);
}
