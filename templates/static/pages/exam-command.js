/* The command centre, live: the stream says that something changed, the board is fetched and put in again. EventSource
 * comes back by itself after a restart of the server and tells with Last-Event-ID what is shown; where it cannot, we ask. */

const place = document.querySelector("[data-board-from]");
const line = document.querySelector("[data-line]");
const quiet = 45000;
let source = null;
let heard = 0;
let fetching = false;
let again = false;

const clock = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { timeZone: "Asia/Shanghai", hour12: false });

function say(state, at = Date.now()) {
  const tones = { live: "done", polling: "warning", stale: "warning", lost: "stopped" };
  line.className = `command-line sign tone-${tones[state]}`;
  line.dataset.state = state;
  line.textContent = ` ${line.dataset[`word${state[0].toUpperCase()}${state.slice(1)}`].replace("{time}", clock(at))}`;
}

/** Fetch the board; while one is on its way another change waits for it. */
async function fetchBoard() {
  if (fetching) { again = true; return false; }
  fetching = true;
  try {
    const answer = await fetch(place.dataset.boardFrom, { credentials: "same-origin" });
    if (!answer.ok) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-board]");
    if (!fresh) return false;
    const scrolled = place.querySelector(".heat")?.parentElement?.scrollLeft ?? 0;
    const focused = document.activeElement?.closest?.("[data-board]") ? document.activeElement.getAttribute("href") : null;
    place.replaceChildren(document.adoptNode(fresh));
    const table = place.querySelector(".heat")?.parentElement;
    if (table) table.scrollLeft = scrolled;
    if (focused) place.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    return true;
  } catch {
    return false;
  } finally {
    fetching = false;
    if (again) { again = false; setTimeout(fetchBoard, 1000); }
  }
}

function open() {
  source?.close();
  source = new EventSource(place.dataset.stream);
  heard = Date.now();
  source.addEventListener("open", () => { heard = Date.now(); if (line.dataset.state !== "stale") say("live"); });
  source.addEventListener("board", async (event) => {
    heard = Date.now();
    const shown = place.querySelector("[data-board]")?.dataset.version;
    if (shown === event.lastEventId || (await fetchBoard())) say("live");
  });
  source.addEventListener("alive", () => { heard = Date.now(); });
  source.addEventListener("stale", (event) => { heard = Date.now(); say("stale", Date.parse(event.data) || Date.now()); });
  source.addEventListener("error", () => say("lost"));
}

/** Behind a proxy that holds streams back, or after a refusal, ask every ten seconds and try the stream again each minute. */
let tries = 0;
setInterval(async () => {
  const dead = !source || source.readyState === EventSource.CLOSED;
  if (!dead && Date.now() - heard < quiet && line.dataset.state !== "lost") return;
  if (await fetchBoard()) say("polling");
  else say("lost");
  tries += 1;
  if (dead && tries % 6 === 1) open();
}, 10000);

open();
window.addEventListener("pagehide", () => source?.close());
