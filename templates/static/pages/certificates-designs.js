/* The editor of designs: draws what is typed on the chosen dummy a moment after the last key, and leads to a problem's line.
 * One request at a time; an answer that is no longer wanted is not shown. Works without this: saving draws too.
 */
const token = document.querySelector('meta[name="csrf-token"]').content;
const form = document.querySelector("[data-design]");
const pane = document.querySelector("[data-pane]");
const WAIT_MS = 350;
let timer = 0;
let wanted = 0;
let busy = false;

function say(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

async function draw() {
  if (busy) return;
  busy = true;
  const number = wanted;
  pane.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.dataset.preview, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "X-CSRF-Token": token, "HX-Request": "true" },
      credentials: "same-origin",
      signal: AbortSignal.timeout(15000),
    });
    const html = await answer.text();
    if (number === wanted) {
      if (answer.ok) pane.innerHTML = html;
      else say(form.dataset.slow);
    }
  } catch {
    say(form.dataset.slow);
  }
  busy = false;
  pane.removeAttribute("aria-busy");
  if (number !== wanted) draw();
}

function later() {
  wanted += 1;
  clearTimeout(timer);
  timer = setTimeout(draw, WAIT_MS);
}

form.addEventListener("input", later);
for (const link of document.querySelectorAll("[data-dummy]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    form.elements.dummy.value = link.dataset.dummy;
    for (const other of document.querySelectorAll("[data-dummy]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "page");
    wanted += 1;
    draw();
  });
}
pane.addEventListener("click", (event) => {
  const link = event.target.closest("[data-line]");
  if (!link) return;
  event.preventDefault();
  const area = form.elements[link.getAttribute("href").slice(1)];
  const lines = area.value.split("\n");
  const at = lines.slice(0, link.dataset.line - 1).join("\n").length + (link.dataset.line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(at, at + (lines[link.dataset.line - 1] ?? "").length);
  area.scrollTop = (link.dataset.line - 4) * parseFloat(getComputedStyle(area).lineHeight);
});
