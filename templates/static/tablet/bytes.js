/* Bytes and what they are written as: base 64, hexadecimal, SHA-256, UUIDs, the canonical JSON of RFC 8785.
 * Twin of scoring/tablets/rules/events.py: the same value gives the same bytes, or both refuse it.
 */
const encoder = new TextEncoder();

/** The canonical JSON of a value as text; throws for what has no single spelling: fractions, large numbers, half surrogates. */
export function canonicalText(value) {
  if (value === null || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new TypeError(`no single spelling: ${value}`);
    return Object.is(value, -0) ? "0" : String(value);
  }
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    const names = Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)); // by UTF-16 units: RFC 8785 section 3.2.3
    return `{${names.map((name) => `${text(name)}:${canonicalText(value[name])}`).join(",")}}`;
  }
  throw new TypeError(`not plain: ${typeof value}`);
}

function text(value) {
  if (!value.isWellFormed()) throw new TypeError("half a surrogate");
  return JSON.stringify(value);
}

/** The canonical JSON as bytes: what is hashed, signed and sealed. */
export const canonical = (value) => encoder.encode(canonicalText(value));

export const utf8 = (value) => encoder.encode(value);
export const fromUtf8 = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

export function hex(bytes) {
  return Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");
}

export async function digest(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** SHA-256 of a value's canonical JSON, in hexadecimal. */
export const sha256 = async (value) => hex(await digest(canonical(value)));

export function base64(bytes) {
  let found = "";
  const all = new Uint8Array(bytes);
  for (let at = 0; at < all.length; at += 0x8000) found += String.fromCharCode(...all.subarray(at, at + 0x8000));
  return btoa(found);
}

/** Bytes of base 64 in either alphabet, padded or not; throws for anything else. */
export function fromBase64(value) {
  const plain = value.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (one) => one.charCodeAt(0));
}

/** Bytes one after the other. */
export function joined(...parts) {
  const found = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { found.set(part, at); at += part.length; }
  return found;
}

export const randomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));
