/* Typing paper marks: Enter goes to the next paper instead of sending the list. Works without this, too. */
for (const form of document.querySelectorAll("[data-entry]")) {
  const fields = [...form.querySelectorAll("input[name^='mark-']")];
  form.addEventListener("keydown", (event) => {
    const at = fields.indexOf(event.target);
    if (event.key !== "Enter" || at < 0) return;
    event.preventDefault();
    (fields[at + 1] ?? form.querySelector("button[type=submit]"))?.focus();
    fields[at + 1]?.select();
  });
  let dirty = false;
  form.addEventListener("input", () => { dirty = true; });
  form.addEventListener("submit", () => { dirty = false; });
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
}
