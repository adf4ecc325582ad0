// The button says how many requests it discards for good.
function count() {
  for (const form of document.querySelectorAll(".sender")) {
    form.querySelector(".ticked").textContent = ` ${form.querySelectorAll(":checked").length} `;
  }
}
document.addEventListener("change", count);
addEventListener("pageshow", count);
