/* The score sheet: saves itself after each change and says truthfully what the server has confirmed.
 * One request at a time, always the whole sheet, so that order and doubling cannot matter. Works without this: the
 * page has a save button, and the server adds up.
 */
const token = document.querySelector('meta[name="csrf-token"]').content;
const live = document.getElementById("live");
const form = document.querySelector("[data-sheet]");
const state = form.querySelector("[data-state]");
const total = form.querySelector("[data-total]");
const missing = form.querySelector("[data-missing]");
const first = form.querySelector("[data-first]");
const words = form.dataset;
let wanted = 0; // number of the newest change
let sent = 0; // number of the change the server has confirmed
let busy = false;
let retry = 0;
let leaving = false;

function show(text, tone) {
  state.textContent = text;
  state.className = `note sheet-state tone-${tone}`;
}

async function save() {
  if (busy || leaving || sent === wanted) return;
  busy = true;
  const number = wanted;
  show(words.saving, "needs");
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json", "X-CSRF-Token": token },
      credentials: "same-origin",
      signal: AbortSignal.timeout(15000),
    });
    const body = await answer.json();
    retry = 0;
    if (answer.ok) {
      sent = Math.max(sent, number);
      confirmed(body);
    } else {
      sent = number; // the same entry would be refused again: the next change tries anew
      const why = (body.problems?.map((one) => one.message) ?? []).join(" ") || `${body.title} ${body.detail ?? ""}`;
      show(words.refused + why, "stopped");
      live.textContent = words.refused + why;
    }
  } catch {
    retry = Math.min(retry + 1, 6);
    show(words.offline, "stopped");
    setTimeout(save, 500 * 2 ** retry);
  }
  busy = false;
  if (sent !== wanted && retry === 0) save();
}

function confirmed(body) {
  const at = new Date(body.saved_at).toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
  if (sent === wanted) show(`${words.saved} ${at}`, "done");
  total.textContent = body.total;
  const blank = new Set(body.missing);
  for (const row of form.querySelectorAll("[data-row]")) row.classList.toggle("sheet-row-missing", blank.has(row.dataset.row));
  for (const output of form.querySelectorAll("[data-earned]")) output.textContent = body.earned[output.dataset.earned] ?? "—";
  missing.textContent = body.missing.length ? body.missing_text : state.dataset.complete;
  first.hidden = !body.missing.length;
  if (body.missing.length) first.href = `#row-${body.missing[0]}`;
}

function changed() {
  wanted += 1;
  clearTimeout(changed.timer);
  changed.timer = setTimeout(save, 150);
}

form.addEventListener("input", changed);
form.querySelector("[data-sign]").addEventListener("click", (event) => {
  if (first.hidden || sent !== wanted) return; // the server looks again in any case
  event.preventDefault();
  location.hash = first.getAttribute("href");
  form.querySelector(`${first.getAttribute("href")} input`)?.focus();
});
form.addEventListener("submit", () => {
  leaving = true;
  clearTimeout(changed.timer);
});
addEventListener("online", save);
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
addEventListener("beforeunload", (event) => { if (!leaving && sent !== wanted) event.preventDefault(); });

for (const stepper of form.querySelectorAll("[data-stepper]")) {
  const field = stepper.querySelector("input");
  for (const button of stepper.querySelectorAll("[data-step]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const low = Number(field.min || 0);
      const high = Number(field.max || 99);
      const next = field.value === "" ? low : Number(field.value) + Number(button.dataset.step);
      field.value = Math.min(high, Math.max(low, next));
      changed();
    });
  }
}

const clock = document.querySelector("[data-ends]");
if (clock) {
  const ends = Date.parse(clock.dataset.ends);
  const ahead = Date.parse(clock.dataset.now) - Date.now(); // the server's clock counts, not the tablet's
  const left = clock.querySelector("[data-left]");
  const tick = () => {
    const seconds = Math.round((ends - (Date.now() + ahead)) / 1000);
    const size = Math.abs(seconds);
    const text = `${Math.floor(size / 60)}:${String(size % 60).padStart(2, "0")}`;
    left.textContent = seconds < 0 ? `${clock.dataset.over} ${text}` : text;
    clock.classList.toggle("tone-warning", seconds >= 0 && seconds < 300);
    clock.classList.toggle("tone-stopped", seconds < 0);
  };
  tick();
  setInterval(tick, 1000);
}
