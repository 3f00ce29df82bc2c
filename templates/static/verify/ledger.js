/* The ledger's proof in a certificate: C2SP tlog-proof@v1 (RFC 6962 tree), the checkpoint's signatures (C2SP signed-note,
 * tlog-cosignature), and the record that opens the entry's commitment (docs/formats/certificate.md).
 */
import { base64, hex, same, sha256, unhex } from "./der.js";

const encoder = new TextEncoder();

function joined(...pieces) {
  const found = new Uint8Array(pieces.reduce((sum, one) => sum + one.length, 0));
  pieces.reduce((at, one) => { found.set(one, at); return at + one.length; }, 0);
  return found;
}

/** A proof's text taken apart. */
export function readProof(text) {
  const cut = text.indexOf("\n\n");
  const lines = text.slice(0, cut).split("\n");
  if (cut < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Error("proof");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = Number(/^index (0|[1-9]\d{0,15})$/.exec(lines.shift())[1]);
  const note = text.slice(cut + 2);
  const end = note.lastIndexOf("\n\n");
  const body = note.slice(0, end + 1);
  const [origin, size, root] = body.split("\n");
  const signatures = note.slice(end + 2).trimEnd().split("\n").map((line) => {
    const [, name, value] = /^— (\S+) (\S+)$/.exec(line);
    const bytes = base64(value);
    return { name, id: hex(bytes.subarray(0, 4)), value: bytes.subarray(4) };
  });
  return { index, path: lines.map(base64), body, origin, size: Number(size), root: base64(root), signatures };
}

/** RFC 9162 2.1.3.2: does the leaf of this entry stand in the tree? */
export async function included(proof, entry) {
  let first = proof.index;
  let last = proof.size - 1;
  if (first > last) return false;
  let hash = await sha256(joined(Uint8Array.of(0), entry));
  for (const one of proof.path) {
    if (last === 0) return false;
    if (first % 2 === 1 || first === last) {
      hash = await sha256(joined(Uint8Array.of(1), one, hash));
      while (first % 2 === 0 && first !== 0) { first = Math.floor(first / 2); last = Math.floor(last / 2); }
    } else hash = await sha256(joined(Uint8Array.of(1), hash, one));
    first = Math.floor(first / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && same(hash, proof.root);
}

/** Whether one of the note's signatures is this key's (a C2SP vkey) and holds; null where the browser knows no Ed25519. */
export async function signedBy(proof, vkey) {
  const [, name, id, material] = /^(\S+?)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey);
  const bytes = base64(material);
  let key;
  try {
    key = await crypto.subtle.importKey("raw", bytes.subarray(1), "Ed25519", false, ["verify"]);
  } catch { return null; }
  for (const one of proof.signatures) {
    if (one.name !== name || one.id !== id) continue;
    const timed = bytes[0] === 4;
    const stamp = timed ? new DataView(one.value.buffer, one.value.byteOffset).getBigUint64(0) : 0n;
    const message = timed ? `cosignature/v1\ntime ${stamp}\n${proof.body}` : proof.body;
    if (await crypto.subtle.verify("Ed25519", key, timed ? one.value.subarray(8) : one.value, encoder.encode(message))) return true;
  }
  return false;
}

/** Canonical JSON (RFC 8785; no fractions stand in a record). */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

/** The entry and the record of ledger-record.json; `opens` says whether the entry commits to the record. */
export async function openRecord(text) {
  const { entry, salt, record } = JSON.parse(text);
  const bytes = base64(entry);
  const said = JSON.parse(new TextDecoder().decode(bytes));
  const key = await crypto.subtle.importKey("raw", unhex(salt), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const facts = canonical({ event: said.event, at: said.at, record });
  const found = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(facts)));
  return { entry: bytes, record, at: said.at, opens: hex(found) === said.commitment };
}
