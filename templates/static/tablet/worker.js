/* The service worker of the tablet page: keeps the app's own files, each checked by its hash, and gives them without a line.
 * The server writes VERSION and FILES in front of this (scoring/tablets/routes/app.py). Everything else goes to the network.
 */
/* global VERSION, FILES */
const CACHE = `kaowu-tablet-${VERSION}`;
const PAGE = "/scoring/tablet";
const BY_ADDRESS = new Map(FILES.map((file) => [file.url, file]));

async function sha256(response) {
  const bytes = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  return Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");
}

async function fetchAll() {
  const cache = await caches.open(CACHE);
  await Promise.all(FILES.map(async ({ url, sha256: wanted }) => {
    const answer = await fetch(url, { cache: "reload", credentials: "omit" });
    if (!answer.ok || (await sha256(answer.clone())) !== wanted) throw new Error(`not as announced: ${url}`);
    await cache.put(url, answer);
  }));
}

async function missing() {
  const cache = await caches.open(CACHE);
  const found = [];
  for (const { url, sha256: wanted } of FILES) {
    const kept = await cache.match(url);
    if (!kept || (await sha256(kept)) !== wanted) found.push(url);
  }
  return found;
}

async function check() {
  if ((await missing()).length) await fetchAll().catch(() => { /* no line: it stays missing, and is said so */ });
  return { version: VERSION, all: FILES.length, missing: await missing() };
}

async function takeOver() {
  for (const name of await caches.keys()) if (name.startsWith("kaowu-tablet-") && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

function addressOf(request) {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return null;
  return url.pathname === PAGE ? PAGE : BY_ADDRESS.has(url.pathname + url.search) ? url.pathname + url.search : null;
}

self.addEventListener("install", (event) => event.waitUntil(fetchAll()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("fetch", (event) => {
  const address = addressOf(event.request);
  if (address) event.respondWith(caches.open(CACHE).then((cache) => cache.match(address)).then((kept) => kept ?? fetch(event.request)));
});
self.addEventListener("message", (event) => {
  if (event.data.ask === "take over") self.skipWaiting();
  if (event.data.ask === "check") event.waitUntil(check().then((found) => event.ports[0].postMessage(found)));
});
