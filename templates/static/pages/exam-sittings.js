/* The invigilator's room without waiting: a tap is sent in the background, the room's part of the page is put in again.
 * Without this script every button is a plain form. Searching narrows the list while typing; a scanner ends with Enter. */

const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const room = () => document.querySelector("[data-room]");
let busy = false;

function say(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

async function fetchPage(url, options = {}) {
  const headers = new Headers(options.headers);
  headers.set("X-CSRF-Token", csrf());
  const answer = await fetch(url, { credentials: "same-origin", ...options, headers });
  return { ok: answer.ok, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
}

/** Put the fresh room in, keep what is typed, where the page stands and what has the focus. */
function put(page) {
  const fresh = page.querySelector("[data-room]");
  if (!fresh || !room()) return false;
  const focused = document.activeElement?.closest?.("[id]")?.id;
  const typed = document.getElementById("q")?.value;
  room().replaceWith(document.adoptNode(fresh));
  const search = document.getElementById("q");
  if (search && typed) search.value = typed;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  narrow();
  progress().catch(() => {});
  return true;
}

function notice(text, tone) {
  for (const old of document.querySelectorAll(".flash")) old.remove();
  const box = document.createElement("div");
  box.className = `notice flash sign tone-${tone}`;
  box.dataset.said = "";
  box.setAttribute("role", tone === "done" ? "status" : "alert");
  const words = document.createElement("div");
  words.textContent = text;
  box.append(words);
  room()?.before(box);
}

async function tap(form, submitter) {
  if (busy) return;
  busy = true;
  submitter?.setAttribute("aria-busy", "true");
  try {
    const { ok, page } = await fetchPage(form.action, { method: "POST", body: new FormData(form) });
    if (ok && put(page)) {
      const text = page.querySelector(".flash")?.textContent.trim() ?? "";
      if (text) { notice(text, "done"); say(text); }
    } else {
      const text = (page.querySelector("main")?.innerText ?? page.querySelector("main")?.textContent ?? "").trim().replace(/\s*\n\s*/g, " ");
      await refresh();
      notice(text, "stopped");
    }
  } catch {
    notice(document.documentElement.lang === "en" ? "No connection: nothing was recorded. Try again." : "没有连上服务器，这一步没有登记，请重试。", "stopped");
  } finally {
    busy = false;
    submitter?.removeAttribute("aria-busy");
  }
}

async function refresh() {
  const { ok, page } = await fetchPage(location.href);
  if (ok) put(page);
}

/** Show only the rows that fit what is typed; the server's search does the same for whoever has no script. */
function narrow() {
  const typed = document.getElementById("q")?.value.trim() ?? "";
  for (const row of document.querySelectorAll("[data-people] > li")) row.hidden = typed !== "" && !row.dataset.words.includes(typed);
}

/** At computers: how many answers of each candidate have arrived. Asking also lets the server hand in whoever is due. */
async function progress() {
  const from = room()?.dataset.progressFrom;
  if (!from) return;
  const answer = await fetch(from, { credentials: "same-origin", headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const found = (await answer.json()).progress;
  for (const node of document.querySelectorAll("[data-progress]")) {
    const one = found[node.dataset.progress];
    node.textContent = one ? room().dataset.wordAnswered.replace("{n}", one.answered) : "";
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-inline]")) return;
  event.preventDefault();
  tap(form, event.submitter);
}, { capture: true });

document.addEventListener("input", (event) => { if (event.target.id === "q") narrow(); });

const every = Math.max(5, Number(room()?.dataset.refresh) || 20) * 1000;
setInterval(() => {
  const writing = document.activeElement?.matches?.("input:not([type=hidden]), textarea, select") && document.activeElement.value;
  const typed = [...(room()?.querySelectorAll("form input:not([type=hidden]), form textarea") ?? [])].some((field) => field.id !== "q" && field.value !== field.defaultValue);
  if (!document.hidden && !busy && !writing && !typed && !document.querySelector("details[open]")) refresh().then(progress).catch(() => {});
}, every);
document.getElementById("identity")?.querySelector("button:not([disabled])")?.focus();
narrow();
progress().catch(() => {});
