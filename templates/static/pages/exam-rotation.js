/* The rotation clock: minutes and seconds by the server's time; at each change, and every 15 seconds, the page is asked again. */

const root = () => document.querySelector("[data-rotation]");
let offset = 0;

function tick() {
  const now = Date.now() + offset;
  for (const node of document.querySelectorAll("[data-clock-to]")) {
    const left = Math.max(0, Math.floor((Date.parse(node.dataset.clockTo) - now) / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const text = left >= 3600 ? `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}` : `${two(Math.floor(left / 60))}:${two(left % 60)}`;
    if (node.textContent !== text) node.textContent = text;
  }
}

function align() {
  offset = Date.parse(root()?.dataset.server ?? "") - Date.now() || 0;
}

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-rotation]");
  if (!fresh || !root()) return;
  root().replaceWith(document.adoptNode(fresh));
  align();
  tick();
}

align();
tick();
setInterval(tick, 1000);
setInterval(() => refresh().catch(() => {}), 15000);
