/* The sheet editor: saves itself after each change, names what is wrong at its row, and shows the page an assessor will see.
 * One request at a time, always the whole form. Works without this: every button saves.
 */
const token = document.querySelector('meta[name="csrf-token"]').content;
const form = document.querySelector("[data-editor]");
const state = form.querySelector("[data-state]");
const pane = document.querySelector("[data-pane]");
const shown = document.querySelector("[data-shown]");
const words = form.dataset;
let wanted = 0;
let sent = 0;
let busy = false;
let leaving = false;
let retry = 0;

function show(text, tone) {
  state.textContent = text;
  state.className = `note tone-${tone}`;
}

async function save() {
  if (busy || leaving || sent === wanted) return;
  busy = true;
  const number = wanted;
  show(words.saving, "needs");
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json", "X-CSRF-Token": token },
      credentials: "same-origin",
      signal: AbortSignal.timeout(15000),
    });
    const body = await answer.json();
    retry = 0;
    sent = number;
    if (answer.ok) {
      confirmed(body);
      preview();
    } else {
      show(`${words.refused}${body.title ?? ""} ${body.detail ?? ""}`, "stopped");
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
  form.elements.revision.value = body.revision;
  if (sent === wanted) show(words.saved, "done");
  form.querySelector("[data-total]").textContent = form.querySelector("[data-total]").textContent.replace(/[\d.]+(?= \/)/, body.total);
  for (const place of form.querySelectorAll("[data-said]")) {
    place.replaceChildren(...body.findings.filter((one) => one.row === place.dataset.said).map(line));
  }
  const errors = body.findings.filter((one) => one.stops).length;
  const chip = form.querySelector("[data-errors] .chip");
  chip.className = `chip tone-${errors ? "stopped" : "done"}`;
  chip.textContent = errors ? body.errors_text : body.sound_text;
}

function line(finding) {
  const made = document.createElement("p");
  made.className = `sign tone-${finding.stops ? "stopped" : "warning"} lint`;
  made.textContent = ` ${finding.text}`;
  return made;
}

async function preview() {
  try {
    const answer = await fetch(words.preview, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const parts = page.querySelectorAll("#main .sheet-section");
    const at = shown.scrollTop;
    shown.replaceChildren(...[...parts].map((one) => document.importNode(one, true)));
    shown.scrollTop = at;
    pane.hidden = !parts.length;
  } catch {
    pane.hidden = true; // an unfinished sheet has no page yet; its rows say why
  }
}

form.addEventListener("input", () => {
  wanted += 1;
  clearTimeout(form.timer);
  form.timer = setTimeout(save, 400);
});
form.addEventListener("change", (event) => {
  if (event.target.matches("[data-reshape]")) form.requestSubmit(form.querySelector("[value=save]"));
});
form.addEventListener("focusin", (event) => {
  const row = event.target.closest(".e-row")?.querySelector("[name$='.code']")?.value;
  const there = row && shown.querySelector(`[data-row="${CSS.escape(row)}"]`);
  if (there) shown.scrollTop = there.offsetTop - shown.offsetTop - 40;
});
form.addEventListener("submit", () => {
  leaving = true;
  clearTimeout(form.timer);
});
addEventListener("beforeunload", (event) => { if (!leaving && sent !== wanted) event.preventDefault(); });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
preview();
