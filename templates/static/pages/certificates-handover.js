// The box in the head ticks every row of its table; it shows whether all, some or none are ticked.
for (const head of document.querySelectorAll("[data-tick-all]")) {
  const boxes = [...document.querySelectorAll(`input[name="${head.dataset.tickAll}"]`)];
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    head.checked = count > 0 && count === boxes.length;
    head.indeterminate = count > 0 && count < boxes.length;
  };
  head.addEventListener("change", () => {
    for (const box of boxes) box.checked = head.checked;
  });
  for (const box of boxes) box.addEventListener("change", show);
  show();
}
