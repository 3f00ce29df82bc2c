/* The service worker of the offline page: keeps the page's own files, each checked by its hash, and gives them without a server.
 * The server writes VERSION and FILES in front of this (certificates/verification/routes/offline.py).
 */
/* global VERSION, FILES */
const CACHE = `kaowu-verify-${VERSION}`;

async function sha256(response) {
  const bytes = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  return Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");
}

async function fetchAll() {
  const cache = await caches.open(CACHE);
  await Promise.all(FILES.map(async ({ url, sha256: wanted }) => {
    const answer = await fetch(url, { cache: "reload", credentials: "omit" });
    if (!answer.ok || (wanted && (await sha256(answer.clone())) !== wanted)) throw new Error(`not as announced: ${url}`);
    await cache.put(url, answer);
  }));
}

async function takeOver() {
  for (const name of await caches.keys()) if (name.startsWith("kaowu-verify-") && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

function addressOf(request) {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return null;
  return FILES.map((one) => one.url).find((one) => one === url.pathname + url.search || one === url.pathname) ?? null;
}

self.addEventListener("install", (event) => event.waitUntil(fetchAll().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
/* The page itself comes fresh while there is a line (keys may have been lost), its files come from here. */
self.addEventListener("fetch", (event) => {
  const address = addressOf(event.request);
  if (!address) return;
  const kept = () => caches.open(CACHE).then((cache) => cache.match(address));
  if (event.request.mode === "navigate") event.respondWith(fetch(event.request).catch(() => kept()));
  else event.respondWith(kept().then((found) => found ?? fetch(event.request)));
});
