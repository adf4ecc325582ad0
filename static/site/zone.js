// Says whose clock the page goes by, where the reader's own shows another time.
const note = document.querySelector("[data-zone]");

function said(options) {
  const parts = new Intl.DateTimeFormat(document.documentElement.lang, options).formatToParts();
  return parts.map(({ type, value }) => (type === "timeZoneName" ? value : "")).join("");
}

const timeZone = note.dataset.zone, timeZoneName = "shortOffset";
if (said({ timeZone, timeZoneName }) !== said({ timeZoneName })) {
  note.querySelector("span").textContent = said({ timeZone, timeZoneName: "longGeneric" });
  note.hidden = false;
}
