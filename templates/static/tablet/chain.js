/* The chain of events of this tablet, and what the events of a sheet come to: twins of scoring/tablets/rules/events.py and
 * folding.py. What the fold shows here is a preview for the one who scores; the server folds again.
 */
import { sha256 } from "./bytes.js";

export const EVENT = "kaowu-event/1";
export const FIRST = "0".repeat(64);

/** An event's body: what is hashed. `chain` is {last, hash, counter} of the one before it. */
export function nextEvent(chain, device, { kind, sitting, assessor, version, data }, saidAt, id = crypto.randomUUID()) {
  return {
    format: EVENT,
    device,
    number: chain.last + 1,
    previous: chain.last ? chain.hash : FIRST,
    id,
    counter: chain.counter + 1,
    kind,
    sitting,
    assessor,
    version,
    said_at: saidAt,
    data,
  };
}

export const hashOf = (event) => sha256(event);

/** ISO 8601 with this tablet's zone: to be read by people, never to order by. */
export function saidAt(moment = new Date()) {
  const zone = -moment.getTimezoneOffset();
  const two = (value) => String(Math.trunc(Math.abs(value))).padStart(2, "0");
  const local = new Date(moment.getTime() + zone * 60000).toISOString().slice(0, 19);
  return `${local}${zone < 0 ? "-" : "+"}${two(zone / 60)}:${two(zone % 60)}`;
}

/** The runs of numbers from 1 to `last` that are not there, as [first, last]. */
export function gaps(numbers, last) {
  const missing = [];
  let at = 1;
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    if (number > last) break;
    if (number > at) missing.push([at, number - 1]);
    at = Math.max(at, number + 1);
  }
  if (at <= last) missing.push([at, last]);
  return missing;
}

export const keyOf = (event) => `${event.sitting} ${event.assessor} ${event.version}`;

const place = (a, b) => a.counter - b.counter || (a.device < b.device ? -1 : a.device > b.device ? 1 : a.number - b.number);

/** Every sheet that the events speak of, by its key: rows take their latest event; what is signed is what its signature has. */
export function fold(events) {
  const sheets = new Map();
  for (const event of [...events].sort(place)) bring(sheets, event);
  return sheets;
}

/** Bring one event into the sheets. With `carry` a correction begins with what the version before it says: what an assessor
 * sees and goes on from; the signature then has it all. */
export function bring(sheets, event, carry = false) {
  const key = keyOf(event);
  if (!sheets.has(key)) sheets.set(key, blank(event));
  const sheet = apply(sheets.get(key), event);
  if (!carry || event.kind !== "corrected" || sheet.signed || sheet.rerun) return;
  const before = sheets.get(keyOf({ ...event, version: event.version - 1 }));
  if (before) Object.assign(sheet, { answers: { ...before.answers }, overtime: before.overtime, note: before.note });
}

/** A sheet of which nothing was said yet. */
export function blank({ sitting, assessor, version }) {
  return { sitting, assessor, version, answers: {}, overtime: null, note: "", evidence: [], stopped: null, signed: null,
    reason: "", opened: "", rerun: false };
}

/** Bring one event into a sheet's state; after the signature nothing changes what was signed. */
export function apply(sheet, event) {
  const { data } = event;
  switch (event.kind) {
    case "opened": sheet.opened ||= event.said_at; break;
    case "answered":
      if (sheet.signed) break;
      if (data.value === null) delete sheet.answers[data.row];
      else sheet.answers[data.row] = data.value;
      break;
    case "overtime": if (!sheet.signed) sheet.overtime = data.minutes; break;
    case "noted": if (!sheet.signed) sheet.note = data.text; break;
    case "evidence":
      if (!sheet.evidence.some((one) => one.sha256 === data.sha256 && one.row === data.row)) sheet.evidence.push({ ...data });
      break;
    case "stopped": sheet.stopped ??= { ...data }; break;
    case "signed":
      if (sheet.signed) break;
      Object.assign(sheet, { signed: event, answers: { ...data.answers }, overtime: data.overtime, note: data.note });
      break;
    case "rerun": // begins blank again; the reason stands in the note
      sheet.rerun = true;
      if (!sheet.signed) Object.assign(sheet, { answers: {}, overtime: null, note: data.reason });
      break;
    case "corrected": sheet.reason ||= data.reason; break;
  }
  return sheet;
}
