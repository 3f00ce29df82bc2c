/* Copies a link that stands in a field; without script it can be selected by hand.
   It imports nothing: kaowu.js under another address would be a second copy of it that listens twice. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy");
  }
  const words = button.textContent;
  button.textContent = button.dataset.copied;
  document.getElementById("live").textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = words; }, 2000);
});
