/* The exam in the browser. Each answer is sent when it is given; the page says truthfully what the server has confirmed.
 *
 * - An answer waits in IndexedDB (in memory where there is none) until the server has confirmed its key.
 * - One flush runs at a time: a Web Lock where the browser has them, a promise chain everywhere.
 * - The page that was opened last holds the pen (its epoch). A page the server calls stale freezes and sends nothing more.
 * - Only what the candidate does is ever sent: an untouched question is never sent as blank.
 * - Answers left by an earlier page are sent again only if no other page was opened in between.
 * Nothing here decides anything: the server's clock and the server's rules do. */

const root = document.querySelector("[data-exam]");
const words = root.dataset;
const base = `/exam/delivery/${words.exam}`;
const epoch = Number(words.epoch);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const offset = Date.parse(words.now) - Date.now();
const now = () => Date.now() + offset;
const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
const one = (selector, from = root) => from.querySelector(selector);
const all = (selector, from = root) => [...from.querySelectorAll(selector)];

/* ---- what waits for the server -------------------------------------------------------------------- */

const memory = new Map();

const database = new Promise((resolve) => {
  try {
    const opening = indexedDB.open("kaowu-exam", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("answers", { keyPath: "key" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => resolve(null);
  } catch { resolve(null); }
});

async function store(mode, work) {
  const db = await database;
  if (!db) return undefined;
  return new Promise((resolve) => {
    const transaction = db.transaction("answers", mode);
    const request = work(transaction.objectStore("answers"));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = transaction.onerror = () => resolve(undefined);
  });
}

const keep = (entry) => { memory.set(entry.key, entry); return store("readwrite", (s) => s.put(entry)); };
const drop = (key) => { memory.delete(key); return store("readwrite", (s) => s.delete(key)); };
const left = async () => ((await store("readonly", (s) => s.getAll())) ?? []).filter((entry) => entry.exam === words.exam);

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/* ---- questions ------------------------------------------------------------------------------------- */

const questions = all(".question");
const byItem = new Map(questions.map((question) => [question.dataset.item, question]));
const link = (question) => one(`[data-go="${question.dataset.no}"]`);
const typing = new Set(); // items typed into and not yet given: they are not saved either
let seq = 0;
let frozen = false;

function valueOf(question) {
  const inputs = all("[name=value]", question);
  switch (question.dataset.kind) {
    case "multiple": return inputs.filter((input) => input.checked).map((input) => input.value);
    case "fill_in": return inputs.map((input) => input.value);
    default: return inputs.find((input) => input.checked)?.value ?? null;
  }
}

function setValue(question, value) {
  const inputs = all("[name=value]", question);
  if (question.dataset.kind === "fill_in") inputs.forEach((input, index) => { input.value = value?.[index] ?? ""; });
  else inputs.forEach((input) => { input.checked = value !== null && [].concat(value).includes(input.value); });
}

const isGiven = (value) => value !== null && (!Array.isArray(value) || value.some((part) => part.trim() !== ""));

/** Show one question's state: "" (untouched), saving, waiting, saved. */
function mark(question, state) {
  const given = isGiven(valueOf(question));
  question.toggleAttribute("data-answered", given);
  const a = link(question);
  a.classList.toggle("is-answered", given);
  a.classList.toggle("is-pending", state === "saving" || state === "waiting");
  one("[data-go-state]", a).textContent = one(given ? ".dot-answered" : ".dot:not([class*=' '])").parentElement.textContent;
  const note = one("[data-state]", question);
  note.dataset.state = state;
  note.textContent = state === "saved" ? (given ? words.wordSaved : "") : state === "saving" ? words.wordSaving : state === "waiting" ? words.wordWaiting : "";
  one("[data-clear]", question).hidden = !given || frozen;
}

function give(question) {
  if (frozen) return;
  clearTimeout(question.timer);
  typing.delete(question.dataset.item);
  const entry = { key: newKey(), exam: words.exam, epoch, seq: ++seq, item: question.dataset.item, value: valueOf(question) };
  memory.set(entry.key, entry);
  mark(question, "saving");
  keep(entry).then(flush);
}

function type(question) {
  if (frozen) return;
  typing.add(question.dataset.item);
  mark(question, "saving");
  show();
  clearTimeout(question.timer);
  question.timer = setTimeout(() => give(question), 700);
}

/** Give at once what is still being typed: before leaving a question, the page, or at the end. */
const giveTyped = () => { for (const item of [...typing]) give(byItem.get(item)); };

/* ---- sending --------------------------------------------------------------------------------------- */

let chain = Promise.resolve();
let retryIn = 0;
let retryTimer = 0;
let lastSaved = "";

function flush() {
  chain = chain.then(() => (navigator.locks ? navigator.locks.request(`kaowu-${words.exam}`, sendAll) : sendAll())).catch(() => {});
  return chain;
}

async function sendAll() {
  while (!frozen) {
    const batch = [...memory.values()].filter((entry) => entry.epoch === epoch).sort((a, b) => a.seq - b.seq).slice(0, 50);
    if (!batch.length) break;
    show();
    const answer = await post(batch);
    if (!answer) return again();
    if (answer.status === 200) await confirmed(batch, await answer.json());
    else if (!(await refused(answer, batch))) return again();
  }
  retryIn = 0;
  show();
}

async function post(batch) {
  const body = JSON.stringify({ epoch, answers: batch.map(({ key, seq, item, value }) => ({ key, seq, item_id: item, value })) });
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 8000);
  try {
    return await fetch(`${base}/answers`, {
      method: "POST", body, credentials: "same-origin", keepalive: body.length < 60000, signal: stop.signal,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf },
    });
  } catch { return null; } finally { clearTimeout(timer); }
}

async function confirmed(batch, said) {
  setDeadline(said.deadline_at);
  const saved = new Set(said.saved);
  lastSaved = new Date(said.saved_at).toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
  for (const entry of batch) if (saved.has(entry.key)) await drop(entry.key);
  for (const entry of batch) settle(byItem.get(entry.item));
}

/** A question is saved when nothing of it waits any more. */
function settle(question) {
  if (question) mark(question, waiting().has(question.dataset.item) ? "saving" : "saved");
}

const waiting = () => new Set([...typing, ...[...memory.values()].map((entry) => entry.item)]);

/** What the server will not take. True when there is nothing to send again. */
async function refused(answer, batch) {
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 || (answer.status === 403 && problem.code !== "NotYours")) { freeze("signin"); return true; }
  switch (problem.code) {
    case "TakenOver": freeze("taken"); return true;
    case "NotRunning": freeze("paused"); return true;
    case "AlreadySubmitted": case "DeadlinePassed": frozen = true; location.assign(base); return true;
    case "AnswerUnfit":
      if (batch.length > 1) { for (const entry of batch) { const alone = await post([entry]); if (alone?.status === 200) await confirmed([entry], await alone.json()); else await unfit(entry); } return true; }
      await unfit(batch[0]);
      return true;
    default: return false;
  }
}

async function unfit(entry) {
  await drop(entry.key);
  const question = byItem.get(entry.item);
  if (question) { mark(question, ""); one("[data-state]", question).textContent = words.wordUnfit; }
}

function again() {
  retryIn = Math.min(15000, retryIn ? retryIn * 2 : 1000);
  clearTimeout(retryTimer);
  retryTimer = setTimeout(flush, retryIn);
  for (const item of waiting()) mark(byItem.get(item), "waiting");
  show();
}

function show() {
  const saved = one("[data-saved]");
  const n = waiting().size;
  saved.dataset.tone = n ? (retryIn ? "failed" : "pending") : "saved";
  const text = n ? fill(retryIn ? words.wordFailed : words.wordPending, { n }) : lastSaved ? fill(words.wordAll, { time: lastSaved }) : saved.textContent;
  if (saved.textContent !== text) saved.textContent = text;
}

function freeze(why) {
  frozen = true;
  clearTimeout(retryTimer);
  all("input[name=value]").forEach((input) => { input.disabled = true; });
  const dialog = one(`[data-dialog="${why}"]`);
  const unsent = one("[data-unsent]", dialog);
  if (unsent && waiting().size) { unsent.hidden = false; unsent.textContent = fill(words.wordFailed, { n: waiting().size }); }
  for (const other of all("dialog[open]")) other.close();
  dialog.showModal();
}

function thaw() {
  frozen = false;
  all("input[name=value]").forEach((input) => { input.disabled = false; });
  for (const dialog of all("dialog[open]")) dialog.close();
  flush();
}

/* ---- the clock ------------------------------------------------------------------------------------- */

let deadline = Date.parse(words.deadline);
let over = false;
let timeHidden = false;
const SAID = new Set();

function setDeadline(text) {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) deadline = at;
}

function tick() {
  const left = Math.max(0, Math.ceil((deadline - now()) / 1000));
  const button = one("[data-time]");
  const m = Math.floor(left / 60);
  const text = left === 0 ? words.wordOver : left > 300 ? fill(words.wordLeft, { m: Math.ceil(left / 60) }) : fill(words.wordLast, { m, s: String(left % 60).padStart(2, "0") });
  const shown = timeHidden && left > 60 ? words.wordHidden : text;
  if (button.textContent !== shown) button.textContent = shown;
  button.classList.toggle("exam-time-last", left <= 300);
  for (const minute of [30, 15, 5, 1]) if (left <= minute * 60 && left > minute * 60 - 5 && !SAID.has(minute)) { SAID.add(minute); document.getElementById("live").textContent = text; }
  if (left === 0 && !over) { over = true; timeUp(); }
  else if (left > 0) over = false;
  setTimeout(tick, 1000 - ((now() - deadline) % 1000 + 1000) % 1000 + 5);
}

/** Send what waits, then let the server hand in. If it cannot be reached, it hands in by itself. */
async function timeUp() {
  giveTyped();
  all("input[name=value]").forEach((input) => { input.disabled = true; });
  notice(words.wordSubmitting, "needs");
  await Promise.race([flush(), new Promise((resolve) => { setTimeout(resolve, Number(words.grace) * 1000); })]);
  if (!frozen && over) one("[data-submit]").submit();
}

async function look() {
  if (frozen && !one('[data-dialog="paused"]').open) return;
  try {
    const answer = await fetch(`${base}/state`, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (answer.status === 401 || answer.status === 403) return void freeze("signin");
    if (!answer.ok) return;
    const state = await answer.json();
    setDeadline(state.deadline_at);
    if (state.submitted) { frozen = true; location.assign(base); }
    else if (state.epoch !== epoch) freeze("taken");
    else if (state.status === "interrupted" && !frozen) freeze("paused");
    else if (state.status === "started" && frozen) thaw();
    else if (state.status !== "started" && state.status !== "interrupted") location.assign(base);
  } catch { /* the network rests; answers wait and are sent again */ }
}

/* ---- moving about ---------------------------------------------------------------------------------- */

let present = 0;

function go(index, focus = true) {
  giveTyped();
  present = Math.max(0, Math.min(questions.length - 1, index));
  questions.forEach((question, i) => { question.hidden = i !== present; });
  for (const section of all("[data-section]")) section.hidden = !section.contains(questions[present]);
  for (const a of all("[data-go]")) a.toggleAttribute("aria-current", a === link(questions[present]));
  link(questions[present]).setAttribute("aria-current", "true");
  one("[data-previous-question]").disabled = present === 0;
  one("[data-next-question]").disabled = present === questions.length - 1;
  one("[data-flag]").setAttribute("aria-pressed", String(link(questions[present]).classList.contains("is-flagged")));
  history.replaceState(null, "", `#q${questions[present].dataset.no}`);
  if (focus) { questions[present].focus({ preventScroll: true }); questions[present].scrollIntoView({ block: "nearest" }); }
}

function flag() {
  const a = link(questions[present]);
  a.classList.toggle("is-flagged");
  one("[data-flag]").setAttribute("aria-pressed", String(a.classList.contains("is-flagged")));
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || frozen || event.target.matches("input[type=text]")) return;
  const question = questions[present];
  const letter = /^[a-h]$/i.test(event.key) ? event.key.toLowerCase().charCodeAt(0) - 97 : /^[1-8]$/.test(event.key) ? Number(event.key) - 1 : -1;
  const options = all(".option input", question);
  if (event.key === "f" || event.key === "F") { if (letter < 0 || letter >= options.length) { flag(); event.preventDefault(); return; } }
  if (letter >= 0 && options[letter]) { options[letter].click(); options[letter].focus(); event.preventDefault(); }
  else if (event.key === "ArrowRight" || event.key === "PageDown") { go(present + 1); event.preventDefault(); }
  else if (event.key === "ArrowLeft" || event.key === "PageUp") { go(present - 1); event.preventDefault(); }
}

function notice(text, tone) {
  const box = document.createElement("div");
  box.className = `notice sign tone-${tone}`;
  box.setAttribute("role", "status");
  const inner = document.createElement("div");
  inner.textContent = text;
  box.append(inner);
  one("[data-notices]").replaceChildren(box);
}

/* ---- beginning ------------------------------------------------------------------------------------- */

/** Answers an earlier page on this machine could not deliver: taken up only when no other page was opened since. */
async function recover() {
  const entries = (await left()).sort((a, b) => a.epoch - b.epoch || a.seq - b.seq);
  const fresh = entries.filter((entry) => entry.epoch === Number(words.previous) && byItem.has(entry.item));
  for (const entry of entries) await drop(entry.key);
  for (const entry of fresh) {
    setValue(byItem.get(entry.item), entry.value);
    await keep({ ...entry, epoch, seq: ++seq });
    mark(byItem.get(entry.item), "saving");
  }
  const stale = entries.length - fresh.length;
  if (fresh.length) notice(fill(words.wordRecovered, { n: fresh.length }), "needs");
  else if (stale) notice(fill(words.wordStale, { n: stale }), "warning");
  if (fresh.length) flush();
}

function begin() {
  document.documentElement.classList.add("exam-scripted");
  all("[data-plain]").forEach((plain) => { plain.hidden = true; });
  all("[data-steps], [data-look], [data-keys]").forEach((part) => { part.hidden = false; });
  for (const question of questions) {
    if (question.hasAttribute("data-answered")) one("[data-clear]", question).hidden = false;
    one("form", question).addEventListener("submit", (event) => { event.preventDefault(); give(question); go(present + 1); });
    question.addEventListener("change", () => give(question));
    question.addEventListener("input", (event) => { if (event.target.type === "text") type(question); });
    one("[data-clear]", question).addEventListener("click", () => { setValue(question, null); give(question); question.focus(); });
  }
  for (const a of all("[data-go]")) a.addEventListener("click", (event) => { event.preventDefault(); go(Number(a.dataset.go) - 1); });
  one("[data-previous-question]").addEventListener("click", () => go(present - 1));
  one("[data-next-question]").addEventListener("click", () => go(present + 1));
  one("[data-flag]").addEventListener("click", flag);
  one("[data-time]").addEventListener("click", () => { timeHidden = !timeHidden; tick.call(null); });
  one("[data-review]").addEventListener("click", async (event) => { event.preventDefault(); giveTyped(); await flush(); if (!waiting().size && !frozen) location.assign(event.target.href); });
  const contrast = one("[data-contrast]");
  const paint = (on) => { document.documentElement.classList.toggle("high-contrast", on); contrast.setAttribute("aria-pressed", String(on)); };
  contrast.addEventListener("click", () => { const on = contrast.getAttribute("aria-pressed") !== "true"; paint(on); try { localStorage.setItem("kaowu-contrast", on ? "1" : ""); } catch { /* private mode */ } });
  try { paint(localStorage.getItem("kaowu-contrast") === "1"); } catch { /* private mode */ }
  document.addEventListener("keydown", keys);
  addEventListener("online", () => { retryIn = 0; flush(); });
  addEventListener("pagehide", () => { giveTyped(); flush(); });
  addEventListener("beforeunload", (event) => { if (waiting().size && !frozen) event.preventDefault(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  go(Math.max(0, questions.findIndex((question) => `#${question.id}` === location.hash)), false);
  tick();
  setInterval(look, 15000);
  recover();
}

begin();
