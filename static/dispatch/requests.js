// The button says how many requests it discards for good.
for (const form of document.querySelectorAll(".sender")) {
  const count = () => {
    form.querySelector(".ticked").textContent = ` ${form.querySelectorAll(":checked").length} `;
  };
  form.addEventListener("change", count);
  addEventListener("pageshow", count);
}
