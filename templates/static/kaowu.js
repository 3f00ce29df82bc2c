/* What every page gets on top of plain HTML; each page works without it.
 * - a sent form or a slow link shows within 100 ms that it was heard; a form cannot be sent twice
 *   (a form that answers with a file says so: data-download)
 * - wide tables can be scrolled by keyboard; an error summary takes the focus
 * - filters send themselves; a drop area names the file that was dropped
 * - [data-poll] fetches its fragment again until the answer carries no data-poll
 */

const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** Say something to people who listen instead of look. */
export function say(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

/** fetch() with the CSRF token; the server answers with a fragment. */
export function send(url, options = {}) {
  const headers = new Headers(options.headers);
  headers.set("X-CSRF-Token", csrf());
  headers.set("HX-Request", "true");
  return fetch(url, { credentials: "same-origin", ...options, headers });
}

function hear(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method === "get") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  const button = event.submitter ?? form.querySelector("button[type=submit]");
  if (!button) return;
  button.setAttribute("aria-busy", "true");
  if (button.dataset.busy) { button.textContent = button.dataset.busy; say(button.dataset.busy); }
  if (form.dataset.download !== undefined) setTimeout(release, 2000);
}

/** A thin line on top while the next page is on its way. */
function leave() {
  document.documentElement.dataset.going = "";
  setTimeout(arrive, 8000);
}

function arrive() {
  delete document.documentElement.dataset.going;
}

/** A page that comes back from the browser's memory must be usable again; so must one after a download. */
function release() {
  arrive();
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
}

function reachTables(root) {
  for (const wrap of root.querySelectorAll(".table-wrap, .scroll-x")) {
    const scrolls = wrap.scrollWidth > wrap.clientWidth || wrap.scrollHeight > wrap.clientHeight;
    if (scrolls && !wrap.hasAttribute("tabindex")) wrap.tabIndex = 0;
  }
}

function autoSubmit(form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, input[type=checkbox], input[type=radio], input[type=date]")) form.requestSubmit();
  });
}

function dropArea(area) {
  const input = area.querySelector("input[type=file]");
  const chosen = area.querySelector("[data-chosen]");
  const over = (on) => () => area.classList.toggle("over", on);
  area.addEventListener("dragenter", over(true));
  area.addEventListener("dragleave", over(false));
  area.addEventListener("drop", over(false));
  input.addEventListener("change", () => {
    chosen.textContent = [...input.files].map((file) => file.name).join("、");
    if (input.dataset.send !== undefined && input.files.length) input.form.requestSubmit();
  });
}

function poll(element) {
  const every = Math.max(1, Number(element.dataset.every) || 2) * 1000;
  const ask = async () => {
    if (!element.isConnected) return;
    if (document.hidden) { setTimeout(ask, every); return; }
    try {
      const answer = await send(element.dataset.poll);
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
        const next = fresh.querySelector("[data-poll]");
        element.replaceChildren(...(next ?? fresh).childNodes);
        enhance(element);
        if (answer.headers.get("X-Done") === "true") { location.reload(); return; }
        if (!next && fresh.childElementCount) return;
      }
    } catch { /* the network rests: ask again */ }
    setTimeout(ask, every);
  };
  setTimeout(ask, every);
}

function enhance(root) {
  reachTables(root);
  root.querySelectorAll("form[data-auto-submit]").forEach(autoSubmit);
  root.querySelectorAll("[data-drop]").forEach(dropArea);
  root.querySelectorAll("[data-poll]").forEach(poll);
  root.querySelectorAll("[data-print]").forEach((b) => b.addEventListener("click", () => window.print()));
}

document.addEventListener("submit", hear);
window.addEventListener("beforeunload", leave);
window.addEventListener("pageshow", release);
enhance(document);
document.querySelector("[data-focus]")?.focus();
