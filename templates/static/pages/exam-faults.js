/* Clocks of faults run; a room's page gets its panel of faults and announcements and says every minute that it is there.
 * Signs of life carry no cookie: the server made the token and takes it without asking the database. */

const every = 60000;
let token = "";
let beating = 0;

function clocks() {
  for (const node of document.querySelectorAll("[data-since]")) {
    const minutes = Math.max(0, Math.ceil((Date.now() + skew - Date.parse(node.dataset.since)) / 60000));
    node.textContent = node.dataset.word.replace("{n}", minutes);
  }
}

/** How far this machine's clock is off: the page knows what the server's was. */
let skew = 0;
function setClock(at) {
  if (at) skew = Date.parse(at) - Date.now();
}
setClock(document.querySelector("[data-clock-at]")?.dataset.clockAt);

async function beat() {
  if (!token) return;
  await fetch("/exam/signals/beats", { method: "POST", body: token, credentials: "omit" }).catch(() => {});
}

function beats(fresh) {
  if (!fresh) return;
  token = fresh;
  if (!beating) {
    beat();
    beating = setInterval(beat, every);
  }
}

async function panel() {
  const place = document.querySelector("[data-faults-from]");
  if (!place || document.hidden) return;
  const answer = await fetch(place.dataset.faultsFrom, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-panel]");
  if (!fresh) return;
  setClock(fresh.dataset.clockAt);
  beats(fresh.dataset.beat);
  document.querySelector("[data-faults-from]")?.replaceChildren(document.adoptNode(fresh));
  clocks();
}

async function sitting() {
  const from = document.querySelector("[data-beat-from]")?.dataset.beatFrom;
  if (!from) return;
  const answer = await fetch(from, { credentials: "same-origin", headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok) beats((await answer.json()).token);
}

clocks();
setInterval(clocks, 15000);
panel();
setInterval(panel, 20000);
sitting();
