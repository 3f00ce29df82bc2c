/* A countdown that follows the server's clock: the page says what time it was there, only the difference counts here. */

const node = document.querySelector("[data-countdown]");
if (node) {
  const offset = Date.parse(node.dataset.server) - Date.now();
  const target = Date.parse(node.dataset.countdown);
  const show = () => {
    const left = Math.max(0, Math.floor((target - Date.now() - offset) / 1000));
    const parts = { d: Math.floor(left / 86400), h: Math.floor(left / 3600) % 24, m: Math.floor(left / 60) % 60, s: left % 60 };
    const words = left === 0 ? node.dataset.now : left >= 86400 ? node.dataset.days : left >= 3600 ? node.dataset.hours : node.dataset.minutes;
    const text = words.replace(/\{(\w)\}/g, (_, name) => parts[name]);
    if (node.textContent !== text) node.textContent = text;
    if (left > 0) setTimeout(show, 1000);
  };
  show();
}
