/* The tablet itself, without its page: who it is, what it has, who is signed in, what was written.
 *
 * At rest an event is sealed under the key of the pack it was written with. Whoever opens that pack with a badge and a PIN
 * can read and send it. After the screen is locked the key stays in memory for the line alone, until all is confirmed.
 */
import { canonical, digest, fromUtf8, hex, sha256 } from "./bytes.js";
import { bring, hashOf, nextEvent, saidAt, blank } from "./chain.js";
import { PackBroken, WrongPin, exportFile, makeDeviceKey, openAtRest, openPack, readBadge, sealAtRest } from "./keys.js";
import { Line, NoLine, call } from "./line.js";
import { score } from "./score.js";
import { slip } from "./slip.js";
import * as store from "./store.js";

const TRIES = 5; // wrong PINs before one has to wait
const CLOCK_MS = 5 * 60_000; // a clock that is further off is named

/** Something that cannot be done now; `key` names the words, `facts` fill them. */
export class Cannot extends Error {
  constructor(key, facts = {}) { super(key); Object.assign(this, { key, facts }); }
}

export class Tablet {
  device = null;
  packs = []; // newest first
  session = null; // {badge, name, account, rooms, exportKey, key, pack}
  sheets = new Map(); // of the one who is signed in
  kept = 0;
  confirmed = 0;
  heard = null; // when the server last answered
  refused = [];
  photosWaiting = 0;
  photosRefused = [];
  news = null; // what the server said last of the rooms: announcements, attendance, sheets that were not entered
  read = []; // announcements that somebody has read here
  full = false;
  setBack = false;
  #keys = new Map(); // pack -> key
  #told = () => {};

  static async load(told) {
    const tablet = new Tablet();
    tablet.#told = told;
    tablet.device = (await store.fact("device")) ?? null;
    await tablet.#readPacks();
    if (tablet.device) tablet.#startLine();
    await tablet.refresh();
    return tablet;
  }

  #startLine() {
    this.line = new Line({
      device: this.device, readable: (...given) => this.#readable(...given), photos: () => this.#waitingPhotos(),
      changed: async () => { await this.refresh(); this.#forgetKeys(); this.#told(); },
    });
    this.line.soon();
  }

  async #readPacks() {
    this.packs = (await store.all("packs")).sort((a, b) => b.order - a.order); // not by the clock: it may be set back
  }

  /** Read the counts that are always on screen. */
  async refresh() {
    const chain = (await store.fact("chain")) ?? store.NO_CHAIN;
    const receipt = await store.fact("receipt");
    const missing = (receipt?.missing ?? []).reduce((sum, [first, last]) => sum + last - first + 1, 0);
    this.kept = chain.last;
    this.confirmed = receipt ? Math.min(chain.last, Math.max(receipt.confirmed, receipt.last - missing)) : 0;
    this.heard = (await store.fact("heard")) ?? null;
    this.refused = (await store.fact("refused")) ?? [];
    this.news = (await store.fact("news")) ?? null;
    this.read = (await store.fact("read")) ?? [];
    this.#hear();
    const photos = await store.all("photos");
    this.photosWaiting = photos.filter((one) => one.state !== "kept").length;
    this.photosRefused = photos.filter((one) => one.state === "refused");
  }

  /** Attendance and ends as they are now, where the news are younger than the pack. A sheet that is open keeps its entries. */
  #hear() {
    if (!this.session || !this.news || new Date(this.news.now) < new Date(this.pack.now)) return;
    const now = new Map(this.news.candidates.map((one) => [one.sitting, one]));
    for (const room of this.session.rooms) {
      for (const candidate of room.candidates) {
        const { present = candidate.present, status = candidate.status, ends_at = candidate.ends_at } = now.get(candidate.sitting) ?? {};
        Object.assign(candidate, { present, status, ends_at });
      }
    }
  }

  /** Announcements that nobody has read on this tablet. */
  get unread() { return (this.news?.announcements ?? []).filter((one) => !this.read.includes(one.id)); }
  async markRead(ids) {
    const told = (this.news?.announcements ?? []).map((one) => one.id); // what is not told any more is forgotten
    await store.setFact("read", told.filter((id) => ids.includes(id) || this.read.includes(id)));
    await this.refresh();
  }

  /** Own sheets that were not entered and that no version signed here since puts right. */
  get notEntered() {
    if (!this.session) return [];
    return (this.news?.sheets ?? []).filter((one) => one.assessor === this.session.account && this.newest(one.sitting).version <= one.version);
  }

  get pack() { return this.packs[0] ?? null; }
  get clockOffMs() { const off = this.device?.offset ?? 0; return Math.abs(off) > CLOCK_MS ? off : 0; }
  /** The time as the server has it. */
  now() { return new Date(Date.now() + (this.device?.offset ?? 0)); }

  // ---- enrolment and pack ----
  /** Register this browser with a one-time code. The key is kept before the code is sent: an answer that is lost is asked for again. */
  async enrol(code) {
    const key = (await store.fact("new-key")) ?? (await makeDeviceKey());
    await store.setFact("new-key", key);
    const body = { format: "kaowu-tablet-enrolment/1", code, public_key: key.publicKey };
    const found = await call("/scoring/tablets/enrolments", body, key.privateKey);
    this.device = { ...key, id: found.device, label: found.label, site: found.site, offset: offsetOf(found.now) };
    await store.setFact("device", this.device);
    await store.room();
    this.#startLine();
  }

  /** Ask for the pack of the sessions this tablet was given out for. */
  async fetchPack() {
    const found = await call("/scoring/tablets/packs", { format: "kaowu-tablet-ask/1", device: this.device.id, at: saidAt() }, this.device.privateKey);
    if (found.format !== "kaowu-tablet-pack/1" || found.device !== this.device.id) throw new Cannot("pack_broken");
    await store.put("packs", { ...found, order: (this.pack?.order ?? 0) + 1, got_at: Date.now(), check: await sha256(found) });
    this.device = { ...this.device, offset: offsetOf(found.now) };
    await store.setFact("device", this.device);
    await this.#readPacks();
    await this.#dropPacks();
    await this.#readPacks();
    return found;
  }

  /** Of the older packs only those stay under which something is written that is not confirmed. */
  async #dropPacks() {
    const receipt = (await store.fact("receipt")) ?? { confirmed: 0 };
    const open = new Set((await store.events(receipt.confirmed + 1, Number.MAX_SAFE_INTEGER)).map((one) => one.pack));
    for (const one of await store.all("photos")) if (one.state !== "kept") open.add(one.pack);
    for (const old of this.packs.slice(3)) if (!open.has(old.pack)) await store.remove("packs", old.pack);
  }

  // ---- signing in ----
  /** Open the pack with a badge and a PIN. Wrong ones are counted; the count outlives a reload. */
  async signIn(text, pin) {
    const badge = readBadge(text);
    if (!badge) throw new Cannot("badge_no_badge");
    if (!/^\d{6}$/.test(pin)) throw new Cannot("pin_six");
    const entry = this.pack?.badges.find((one) => one.badge === badge.number);
    if (!entry) throw new Cannot("badge_foreign", { badge: badge.number });
    const { content, key } = await this.#counted(badge, () => openPack(this.pack, badge, pin));
    await this.#openOthers(badge, pin);
    this.#keys.set(this.pack.pack, key);
    const rooms = content.rooms.filter((room) => room.assessors.some((one) => one.badge === badge.number));
    const own = rooms[0]?.assessors.find((one) => one.badge === badge.number);
    if (!own) throw new Cannot("badge_foreign", { badge: badge.number });
    this.setBack = content.last > ((await store.fact("chain")) ?? store.NO_CHAIN).last;
    await store.raiseCounter(content.counter);
    this.session = { badge: badge.number, name: own.name, account: own.account, rooms, content, key, pack: this.pack.pack };
    await this.#readSheets();
    this.#hear();
    this.line.soon();
  }

  async #counted(badge, open) {
    const tries = (await store.fact("tries")) ?? {};
    const { count = 0, until = 0 } = tries[badge.number] ?? {};
    if (Date.now() < until) throw new Cannot("pin_wait", { n: Math.ceil((until - Date.now()) / 1000) });
    try {
      const found = await open();
      if (count) { delete tries[badge.number]; await store.setFact("tries", tries); }
      return found;
    } catch (error) {
      if (error instanceof PackBroken) throw new Cannot("pack_broken");
      if (!(error instanceof WrongPin)) throw error;
      const wait = count + 1 >= TRIES ? Math.min(15 * 60_000, 60_000 * 2 ** (count + 1 - TRIES)) : 0;
      tries[badge.number] = { count: count + 1, until: wait ? Date.now() + wait : 0 };
      await store.setFact("tries", tries);
      throw wait ? new Cannot("pin_wrong_wait", { n: wait / 1000 }) : new Cannot("pin_wrong", { n: TRIES - count - 1 });
    }
  }

  /** Older packs with something unsent are opened, too, where the same badge and PIN open them. */
  async #openOthers(badge, pin) {
    const receipt = (await store.fact("receipt")) ?? { confirmed: 0 };
    const used = new Set((await store.all("events")).filter((one) => one.number > receipt.confirmed || one.pack).map((one) => one.pack));
    for (const pack of this.packs.slice(1)) {
      if (!used.has(pack.pack) || this.#keys.has(pack.pack) || !pack.badges.some((one) => one.badge === badge.number)) continue;
      try { this.#keys.set(pack.pack, (await openPack(pack, badge, pin)).key); } catch { /* another PIN then: somebody else's badge opens it */ }
    }
  }

  /** A second person proves who they are, without signing in: {account, badge, name}. */
  async second(text, pin, room) {
    const badge = readBadge(text);
    if (!badge) throw new Cannot("badge_no_badge");
    if (badge.number === this.session.badge) throw new Cannot("second_self");
    const person = room.assessors.find((one) => one.badge === badge.number);
    if (!person || !this.pack.badges.some((one) => one.badge === badge.number)) throw new Cannot("badge_foreign", { badge: badge.number });
    await this.#counted(badge, () => openPack(this.pack, badge, pin));
    return { account: person.account, badge: badge.number, name: person.name };
  }

  lock() {
    this.session = null;
    this.sheets = new Map();
    this.#forgetKeys();
  }

  #forgetKeys() {
    if (!this.session && this.kept === this.confirmed && !this.photosWaiting) this.#keys.clear();
  }

  async #readSheets() {
    this.sheets = new Map();
    for (const one of await store.all("events")) { // by number: the order in which they were written here
      const event = await this.#open(one);
      if (event?.assessor === this.session.account) bring(this.sheets, event, true);
    }
  }

  async #open(kept) {
    const key = this.#keys.get(kept.pack);
    return key ? JSON.parse(fromUtf8(await openAtRest(key, kept, this.#about(kept)))) : null;
  }

  #about({ number, hash }) { return { device: this.device.id, number, hash }; }

  async #readable(runs, most, stuck) {
    const found = [];
    for (const [first, last] of runs) {
      if (found.length >= most) break;
      for (const kept of await store.events(first, Math.min(last, first + most + stuck.size - 1))) {
        if (stuck.has(kept.number) || found.length >= most) continue;
        const event = await this.#open(kept);
        if (event) found.push(event);
      }
    }
    return found;
  }

  /** How many records are not confirmed and cannot be read with the keys at hand. */
  async unreadable() {
    const receipt = (await store.fact("receipt")) ?? { confirmed: 0 };
    const open = await store.events(receipt.confirmed + 1, Number.MAX_SAFE_INTEGER);
    return open.filter((one) => !this.#keys.has(one.pack)).length;
  }

  // ---- writing ----
  /** Write one event of the one who is signed in; it is kept on the disk when this resolves. */
  async write(kind, { sitting, version }, data, photo = null) {
    const { sheets } = this; // of whoever writes: a lock in between changes neither
    const { account: assessor, key, pack } = this.session;
    if (this.setBack) throw new Cannot("set_back");
    try {
      const event = await store.append(async (chain) => {
        const made = nextEvent(chain, this.device.id, { kind, sitting, assessor, version, data }, saidAt());
        const hash = await hashOf(made);
        return { event: made, hash, sealed: { pack, ...(await sealAtRest(key, canonical(made), this.#about({ number: made.number, hash }))) }, photo };
      });
      this.full = false;
      bring(sheets, event, true);
    } catch (error) {
      if (error instanceof store.StoreFull) { this.full = true; throw new Cannot("store_full"); }
      throw error;
    } finally {
      await this.refresh();
    }
    this.line.soon();
    this.#told();
  }

  /** Keep a photo (JPEG bytes) and say so in the chain, in one step. */
  async keepPhoto(sheet, row, bytes) {
    const name = hex(await digest(bytes));
    const { key, pack } = this.session;
    const photo = { sha256: name, pack, state: "waiting", why: "", ...(await sealAtRest(key, bytes, { photo: name })) };
    await this.write("evidence", sheet, { sha256: name, row, bytes: bytes.length }, photo);
  }

  async photo(name) {
    const kept = await store.one("photos", name);
    const key = kept && this.#keys.get(kept.pack);
    return key ? openAtRest(key, kept, { photo: name }) : null;
  }

  // ---- pictures that could not be read: kept whole, until somebody saves them elsewhere ----
  async keepOriginal(sheet, row, file) {
    const { key, pack } = this.session;
    const id = crypto.randomUUID();
    const sealed = await sealAtRest(key, new Uint8Array(await file.arrayBuffer()), { original: id });
    try {
      await store.put("originals", { id, pack, account: this.session.account, sitting: sheet.sitting, row, name: file.name, type: file.type, ...sealed });
    } catch (error) {
      throw error instanceof store.StoreFull ? new Cannot("store_full") : error;
    }
  }

  async originals() { return (await store.all("originals")).filter((one) => one.account === this.session.account); }
  async original(kept) { return openAtRest(this.#keys.get(kept.pack), kept, { original: kept.id }); }
  async dropOriginal(id) { await store.remove("originals", id); }

  /** Words that are not signed yet (evidence of veto items), kept sealed so that a reload loses nothing. */
  async keepDraft(sheet, words) {
    const name = `draft ${sheet.sitting} ${this.session.account} ${sheet.version}`;
    const { key, pack } = this.session;
    await store.setFact(name, { pack, ...(await sealAtRest(key, canonical(words), { name })) });
  }

  async draft(sheet) {
    const name = `draft ${sheet.sitting} ${this.session.account} ${sheet.version}`;
    const kept = await store.fact(name);
    const key = kept && this.#keys.get(kept.pack);
    return key ? JSON.parse(fromUtf8(await openAtRest(key, kept, { name }))) : {};
  }

  async #waitingPhotos() {
    const found = [];
    for (const one of await store.all("photos")) {
      if (one.state !== "waiting") continue;
      const bytes = await this.photo(one.sha256);
      if (bytes) found.push({ sha256: one.sha256, bytes });
    }
    return found;
  }

  // ---- reading ----
  sheet(sitting, version) { return this.sheets.get(`${sitting} ${this.session.account} ${version}`) ?? null; }

  /** The newest version of the own sheet of a sitting; a blank first one where there is none. */
  newest(sitting) {
    let found = null;
    for (const one of this.sheets.values()) if (one.sitting === sitting && one.version > (found?.version ?? 0)) found = one;
    return found ?? blank({ sitting, assessor: this.session.account, version: 1 });
  }

  preview(definition, sheet) { return score(definition, sheet.answers, sheet.overtime); }

  slip(candidate, sheet) { return slip(candidate.ticket, this.session.badge, sheet.version, sheet.answers, sheet.overtime); }

  /** Everything as a file for the server; needs somebody signed in and every record readable. */
  async export() {
    const { last } = (await store.fact("chain")) ?? store.NO_CHAIN;
    const events = [];
    for (const kept of await store.all("events")) {
      const event = await this.#open(kept);
      if (event) events.push(event);
    }
    return { file: await exportFile(this.device.privateKey, this.session.content.export_key, { device: this.device.id, last, events }), left: last - events.length };
  }
}

const offsetOf = (now) => new Date(now).getTime() - Date.now();
export { NoLine };
