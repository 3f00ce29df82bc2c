/* What of a PDF concerns a signature (ISO 32000-1, 12.8) and its attached files (7.11.4). As strict as the server. */
import { unhex } from "./der.js";

export const LIMIT_BYTES = 20_000_000;
const INFLATED_MOST = 4_000_000;
const RANGE = /\/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]/g;

/** The bytes as text, one character a byte. */
export function latin(bytes) {
  return new TextDecoder("iso-8859-1").decode(bytes);
}

/** The signature of a file: its DER, the bytes it covers, the time it names; or why there is none (`flaw`). */
export function signatureOf(bytes) {
  const text = latin(bytes);
  if (!text.startsWith("%PDF-")) return { flaw: "not_pdf" };
  const ranges = [...text.matchAll(RANGE)];
  if (!ranges.length) return { flaw: "unsigned" };
  const [zero, start, end, rest] = ranges[0].slice(1).map(Number);
  const gap = text.slice(start, end);
  if (zero !== 0 || start <= 0 || end <= start || end > bytes.length || !/^<(?:[0-9a-f]{2})+>$/.test(gap)) return { flaw: "broken" };
  const covered = new Uint8Array(start + Math.min(rest, bytes.length - end));
  covered.set(bytes.subarray(0, start));
  covered.set(bytes.subarray(end, end + rest), start);
  const named = /\/M\s*\(D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(latin(covered));
  return {
    der: unhex(gap.slice(1, -1)), covered,
    at: named ? Date.UTC(named[1], named[2] - 1, ...named.slice(3).map(Number)) : NaN,
    whole: end + rest === bytes.length,
    single: ranges.length === 1 && text.split("startxref").length === 2 && /%%EOF[\r\n ]*$/.test(text),
  };
}

async function inflate(bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const chunks = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > INFLATED_MOST) { await reader.cancel(); throw new Error("too much"); }
    chunks.push(next.value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** The files attached to a PDF, by name. */
export async function attachmentsOf(bytes) {
  const text = latin(bytes);
  const objects = new Map();
  for (const found of text.matchAll(/(?:^|[\r\n])(\d+) 0 obj\b/g)) objects.set(Number(found[1]), found.index + found[0].length);
  const streamAt = async (number) => {
    const at = objects.get(number);
    const head = text.slice(at, text.indexOf("stream", at));
    const begin = /stream\r?\n/g;
    begin.lastIndex = at;
    const start = begin.exec(text).index + (text.startsWith("stream\r\n", text.indexOf("stream", at)) ? 8 : 7);
    const length = Number(/\/Length (\d+)(?! \d+ R)/.exec(head)[1]);
    const raw = bytes.subarray(start, start + length);
    return /\/FlateDecode/.test(head) ? inflate(raw) : raw;
  };
  const places = [];
  for (const [number, at] of objects) {
    const head = text.slice(at, at + 4000).split(/endobj|stream\r?\n/)[0];
    if (/\/Type\s*\/ObjStm/.test(head)) places.push(latin(await streamAt(number)));
    else if (/\/EF\b/.test(head)) places.push(head);
  }
  const found = new Map();
  for (const one of places) {
    for (const { index } of one.matchAll(/\/EF\s*<</g)) {
      const dictionary = around(one, index);
      const name = nameOf(dictionary);
      const reference = /\/EF\s*<<[^>]*\/U?F\s+(\d+)\s+0\s+R/.exec(dictionary);
      if (name && reference && objects.has(Number(reference[1]))) found.set(name, await streamAt(Number(reference[1])));
    }
  }
  return found;
}

/** The name of an attached file: a plain string, or UTF-16 in hexadecimal. */
function nameOf(dictionary) {
  const plain = /\/U?F\s*\(([^()\\]+)\)/.exec(dictionary);
  if (plain) return plain[1];
  const wide = /\/U?F\s*<FEFF((?:[0-9A-F]{4})+)>/i.exec(dictionary);
  return wide ? wide[1].match(/..../g).map((one) => String.fromCharCode(parseInt(one, 16))).join("") : "";
}

/** The innermost dictionary in which a place of the text stands. */
function around(text, place) {
  let start = place;
  for (let depth = 0; start > 0; start -= 1) {
    if (text.startsWith(">>", start - 1)) { depth += 1; start -= 1; }
    else if (text.startsWith("<<", start - 1)) { if (!depth) break; depth -= 1; start -= 1; }
  }
  let end = start + 1;
  for (let depth = 1; depth && end < text.length; end += 1) {
    if (text.startsWith("<<", end)) { depth += 1; end += 1; }
    else if (text.startsWith(">>", end)) { depth -= 1; end += 1; }
  }
  return text.slice(start, end);
}
