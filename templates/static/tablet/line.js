/* The line to the server: every call signed by the device, nothing taken for confirmed that a receipt does not confirm.
 * One tab sends at a time. What fails is tried again, later and later up to half a minute, for as long as it takes.
 */
import { canonical } from "./bytes.js";
import { gaps } from "./chain.js";
import { sign } from "./keys.js";
import * as store from "./store.js";

const MESSAGE = "kaowu-tablet-message/1";
const EVIDENCE = "kaowu-tablet-evidence/1";
const MOST = 500; // events in one message
const TIMEOUT_MS = 20_000;
const SLOWEST_MS = 30_000;
const HEAR_MS = 25_000; // how often the news of its rooms are asked for
const BEAT_MS = 30_000; // how often the server hears of a tablet that has nothing to say

/** No answer came, or not the server's. */
export class NoLine extends Error {}
/** The server said no: its code and its words. */
export class Refused extends Error {
  constructor(status, problem) { super(problem.title); Object.assign(this, { status, code: problem.code ?? "", words: problem }); }
}

/** POST a body, signed; the answer's JSON. */
export async function call(path, body, privateKey, content = null) {
  let answer, found;
  try {
    answer = await fetch(path, {
      method: "POST", body: content ?? canonical(body), credentials: "same-origin", cache: "no-store", redirect: "error",
      headers: { Accept: "application/json", "Content-Type": content ? "image/jpeg" : "application/json", "X-Tablet-Signature": await sign(privateKey, body) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    found = await answer.json();
  } catch (error) {
    throw new NoLine(String(error));
  }
  if (answer.ok) return found;
  if (answer.status >= 500 || answer.status === 408) throw new NoLine(String(answer.status));
  throw new Refused(answer.status, found);
}

/** Sends what the tablet has written. `readable(runs, most)` gives events by number; `changed()` is told of every news. */
export class Line {
  #timer = 0;
  #failures = 0;
  #size = MOST;
  #again = false;
  #ended = false;
  #heardNews = 0;
  /** Why nothing is taken: null, or the server's refusal. */
  stopped = null;
  /** Numbers that the server cannot read: kept, shown. */
  stuck = new Set();

  constructor({ device, readable, photos, changed }) {
    Object.assign(this, { device, readable, photos, changed });
    addEventListener("online", () => this.soon(0));
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.soon(0); });
  }

  /** Send shortly. */
  soon(after = 150) {
    if (this.#ended) return;
    clearTimeout(this.#timer);
    this.#again = true;
    this.#timer = setTimeout(() => this.flush(), after);
  }

  /** Another page of this browser goes on in its place. */
  stop() { this.#ended = true; clearTimeout(this.#timer); }

  async flush() {
    if (this.#ended) return;
    this.#again = false;
    try {
      const mine = await navigator.locks.request("kaowu-tablet-line", { ifAvailable: true }, async (lock) => {
        if (lock) { await this.#sendAll(); await this.#sendPhotos(); }
        return Boolean(lock);
      });
      if (mine) this.stopped = null;
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.stopped = error instanceof Refused ? error : null;
      if (!(error instanceof Refused || error instanceof NoLine)) console.error(error);
    }
    await this.changed();
    if (this.#again || this.#ended) return;
    const wait = this.#failures ? Math.min(SLOWEST_MS, 500 * 2 ** this.#failures) : BEAT_MS;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  async #sendAll() {
    for (let before = null; ; ) {
      const { last } = (await store.fact("chain")) ?? store.NO_CHAIN;
      const wanted = wantedRuns(await store.fact("receipt"), last);
      const events = await this.readable(wanted, this.#size, this.stuck);
      const receipt = await this.#send(events, last);
      if (receipt) {
        const mark = JSON.stringify([receipt.confirmed, receipt.missing]);
        await this.changed();
        if (mark === before || !wantedRuns({ ...receipt, last }, last).length) return; // the server gets no further, or has it all
        before = mark;
      }
    }
  }

  /** One message; null where it has to be cut smaller because one event in it cannot be read. */
  async #send(events, last) {
    const hear = Date.now() - this.#heardNews > HEAR_MS;
    const body = { format: MESSAGE, device: this.device.id, last, events, ...(hear ? { hear } : {}) };
    try {
      const receipt = await call("/scoring/tablets/messages", body, this.device.privateKey);
      this.#size = MOST;
      if (receipt.news) this.#heardNews = Date.now();
      await keepReceipt(receipt, last, events);
      return receipt;
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 422 || events.length === 0) throw error;
      if (events.length === 1) { this.stuck.add(events[0].number); this.#size = MOST; } else this.#size = Math.ceil(events.length / 2);
      return null;
    }
  }

  async #sendPhotos() {
    for (const { sha256, bytes } of await this.photos()) {
      const body = { format: EVIDENCE, device: this.device.id, sha256, bytes: bytes.length };
      const path = `/scoring/tablets/evidence?device=${this.device.id}&sha256=${sha256}`;
      try {
        const { kept } = await call(path, body, this.device.privateKey, bytes);
        if (kept === sha256) await store.put("photos", { ...(await store.one("photos", sha256)), state: "kept", why: "" });
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 422) throw error;
        await store.put("photos", { ...(await store.one("photos", sha256)), state: "refused", why: error.words.title });
      }
      await this.changed();
    }
  }
}

/** What is still to be sent, as runs of numbers: what the last receipt says is missing, and all after it. */
export function wantedRuns(receipt, last) {
  if (!receipt) return gaps([], last);
  const found = receipt.missing.filter(([first]) => first <= last);
  const known = Math.max(receipt.confirmed, receipt.last);
  return known < last ? [...found, [known + 1, last]] : found;
}

async function keepReceipt(receipt, last, sent) {
  const byNumber = new Map(sent.map((event) => [event.number, event.kind]));
  await store.transact("facts", "readwrite", (facts) => {
    facts.put({ confirmed: receipt.confirmed, missing: receipt.missing, last }, "receipt");
    facts.put(Date.now(), "heard");
    if (receipt.news) facts.put(receipt.news, "news");
    if (!receipt.refused.length) return;
    const before = facts.get("refused");
    before.onsuccess = () => {
      const known = new Map((before.result ?? []).map((one) => [one.number, one]));
      for (const { number, why } of receipt.refused) known.set(number, { number, why, kind: byNumber.get(number) ?? "" });
      facts.put([...known.values()].sort((a, b) => a.number - b.number), "refused");
    };
  });
}
