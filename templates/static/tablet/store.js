/* What is kept on this tablet, in IndexedDB: facts (device, chain, receipt), events, packs, photos. An event, its place in the
 * chain and its photo are written in one transaction that is on the disk before anybody is told that it is kept.
 */
const NAME = "kaowu-tablet";
const GENERATION = "kaowu-tablet-generation"; // in localStorage: which store is in use
const STORES = { facts: null, events: "number", packs: "pack", photos: "sha256", originals: "id" };

/** The store has no room: what was kept stays, the newest change is not kept. */
export class StoreFull extends Error {}
/** The browser lets nothing be kept: a private window, or storage switched off. */
export class StoreClosed extends Error {}

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(`${NAME}${localStorage.getItem(GENERATION) ?? ""}`, 1);
    request.onupgradeneeded = () => {
      for (const [name, key] of Object.entries(STORES)) request.result.createObjectStore(name, key ? { keyPath: key } : undefined);
    };
    request.onsuccess = () => { request.result.onversionchange = () => request.result.close(); resolve(request.result); };
    request.onerror = () => { opened = null; reject(new StoreClosed(String(request.error))); };
  });
  return opened;
}

/** Run `work` on the named stores in one transaction; resolves when it is committed, with what `work` returned. */
export async function transact(names, mode, work) {
  const tx = (await database()).transaction(names, mode, { durability: mode === "readwrite" ? "strict" : "default" });
  return new Promise((resolve, reject) => {
    let found;
    tx.oncomplete = () => resolve(found instanceof IDBRequest ? found.result : found);
    tx.onabort = () => reject(named(tx.error ?? new Error("aborted")));
    try {
      found = work(...[names].flat().map((name) => tx.objectStore(name)));
    } catch (error) {
      reject(named(error));
      tx.abort();
    }
  });
}

const named = (error) => (error.name === "QuotaExceededError" ? new StoreFull() : error);

export const fact = (name) => transact("facts", "readonly", (facts) => facts.get(name));
export const setFact = (name, value) => transact("facts", "readwrite", (facts) => void facts.put(value, name));
export const all = (name) => transact(name, "readonly", (store) => store.getAll());
export const one = (name, key) => transact(name, "readonly", (store) => store.get(key));
export const put = (name, value) => transact(name, "readwrite", (store) => void store.put(value));
export const remove = (name, key) => transact(name, "readwrite", (store) => void store.delete(key));
export const events = (first, last) => transact("events", "readonly", (store) => store.getAll(IDBKeyRange.bound(first, last)));

export const NO_CHAIN = Object.freeze({ last: 0, hash: "", counter: 0 });

/** Append one event. `make(chain)` returns {event, hash, sealed, photo}; no two tabs do this at once, and no number is used twice. */
export function append(make) {
  return navigator.locks.request("kaowu-tablet-chain", async () => {
    const { event, hash, sealed, photo } = await make((await fact("chain")) ?? NO_CHAIN);
    await transact(["events", "facts", "photos"], "readwrite", (events, facts, photos) => {
      events.add({ number: event.number, hash, ...sealed });
      facts.put({ last: event.number, hash, counter: event.counter }, "chain");
      if (photo) photos.put(photo);
    });
    return event;
  });
}

/** Learn of a higher counter: what is written from now on comes after it. */
export function raiseCounter(counter) {
  return navigator.locks.request("kaowu-tablet-chain", async () => {
    const chain = (await fact("chain")) ?? NO_CHAIN;
    if (counter > chain.counter) await setFact("chain", { ...chain, counter });
  });
}

/** Begin a new, empty store, for a new enrolment; the old one stays as it is, untouched. The page is to be loaded again. */
export function beginAnew() {
  localStorage.setItem(GENERATION, String(Number(localStorage.getItem(GENERATION) ?? 0) + 1));
}

/** Ask the browser not to throw anything away, and how much room there is: {persisted, free}. */
export async function room() {
  const persisted = (await navigator.storage?.persist?.()) ?? false;
  const { quota = 0, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  return { persisted, free: Math.max(0, quota - usage) };
}
