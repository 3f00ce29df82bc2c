/* The least of DER (ITU-T X.690) that a signature and a certificate need: tag, length, content; nothing loose is read. */

/** One element of `bytes` at `at`: its tag, where its content begins and ends, and its bytes whole (`raw`). */
export function element(bytes, at = 0, limit = bytes.length) {
  if (at + 2 > limit) throw new Error("cut");
  const tag = bytes[at];
  let length = bytes[at + 1];
  let start = at + 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    if (!count || count > 3 || bytes[start] === 0) throw new Error("length");
    length = 0;
    for (let one = 0; one < count; one += 1) length = length * 256 + bytes[start + one];
    start += count;
    if (length < 0x80) throw new Error("length");
  }
  const end = start + length;
  if (!tag || end > limit) throw new Error("cut");
  return { tag, start, end, raw: bytes.subarray(at, end), content: bytes.subarray(start, end) };
}

/** The elements inside one. */
export function parts(node) {
  const found = [];
  for (let at = 0; at < node.content.length; at = found.at(-1).end) found.push(element(node.content, at));
  return found;
}

/** An object identifier as text. */
export function oid(node) {
  const numbers = [];
  let value = 0;
  for (const one of node.content) {
    value = value * 128 + (one & 0x7f);
    if (!(one & 0x80)) { numbers.push(value); value = 0; }
  }
  const first = Math.min(Math.floor(numbers[0] / 40), 2);
  return [first, numbers[0] - first * 40, ...numbers.slice(1)].join(".");
}

/** A UTCTime or GeneralizedTime. */
export function time(node) {
  const text = new TextDecoder().decode(node.content);
  const full = node.tag === 0x17 ? (Number(text.slice(0, 2)) < 50 ? "20" : "19") + text : text;
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

export function same(one, other) {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

export function hex(bytes) {
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
}

export function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));
}

export function base64(text) {
  return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
