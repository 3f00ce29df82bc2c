/* Working without a line: the service worker that keeps the app's own files, and the check that everything is really there.
 * Nothing is called ready that was not read back just now.
 */
import { sha256 } from "./bytes.js";
import { sign } from "./keys.js";
import * as store from "./store.js";

const LEAST_FREE = 50_000_000; // bytes: about a day of photos
const ASK_MS = 8000;

/** Register the worker. `idle()` says whether a new version may take over now: only while nobody is signed in and nothing waits
 * to be sent (the page begins anew then). Returns what to call when that may have become true. */
export async function startWorker(idle) {
  if (!("serviceWorker" in navigator)) return () => {};
  let had = Boolean(navigator.serviceWorker.controller); // the first one only begins to keep what the page already is
  const registration = await navigator.serviceWorker.register("/scoring/tablet/worker.js", { scope: "/scoring/tablet", updateViaCache: "none" });
  const takeOver = () => { if (idle()) registration.waiting?.postMessage({ ask: "take over" }); };
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", takeOver));
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (had && idle()) location.reload();
    had = true;
  });
  takeOver();
  setInterval(() => { registration.update().catch(() => { /* no line: the next time */ }); }, 10 * 60_000);
  return takeOver;
}

function askWorker() {
  const worker = navigator.serviceWorker?.controller;
  if (!worker) return Promise.resolve(null);
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event) => resolve(event.data);
    setTimeout(() => resolve(null), ASK_MS);
    worker.postMessage({ ask: "check" }, [port2]);
  });
}

/** What is missing for eight hours without a line, as [key of words, facts]; empty when all is there. */
export async function lacking(tablet) {
  const found = [];
  const files = await askWorker();
  if (!files) found.push(["lack_worker", {}]);
  else if (files.missing.length) found.push(["lack_files", { n: files.missing.length, all: files.all }]);
  found.push(...(await lackingPack(tablet)));
  try {
    await sign(tablet.device.privateKey, { check: 1 });
    await store.setFact("probe", Date.now());
    if (!(await store.fact("probe"))) found.push(["lack_store", {}]);
  } catch {
    found.push(["lack_store", {}]);
  }
  const { free } = await store.room();
  if (free < LEAST_FREE) found.push(["lack_room", { n: Math.floor(free / 1_000_000) }]);
  return found;
}

async function lackingPack(tablet) {
  const kept = tablet.pack && (await store.one("packs", tablet.pack.pack));
  if (!kept) return [["lack_pack", {}]];
  const { order: _order, got_at: _at, check, ...pack } = kept;
  if ((await sha256(pack)) !== check) return [["lack_pack_broken", {}]];
  if (!pack.rooms.length) return [["lack_rooms", {}]];
  const ends = Math.max(...pack.rooms.map((room) => new Date(room.ends_at).getTime()));
  if (ends < tablet.now().getTime() - 12 * 3_600_000) return [["lack_pack_old", {}]];
  return pack.badges.length ? [] : [["lack_badges", {}]];
}
