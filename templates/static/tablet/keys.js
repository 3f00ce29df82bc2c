/* Keys: the device's own, which cannot be taken out; the pack's, which only a badge and its PIN unwrap and which is never
 * stored; what is written at rest under it; the file that only the server can read. Formats: docs/formats/tablets.md.
 */
import { base64, canonical, digest, fromBase64, fromUtf8, hex, joined, randomBytes, utf8 } from "./bytes.js";

const ECDSA = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };
export const PACK = "kaowu-tablet-pack/1";
const WRAP = "kaowu-tablet-wrap/1";
const EXPORT = "kaowu-tablet-export/1";

/** Badge and PIN do not open the pack. */
export class WrongPin extends Error {}
/** The pack is not what the server sealed. */
export class PackBroken extends Error {}

/** A key pair whose private half never leaves this browser, and the public half as it is registered. */
export async function makeDeviceKey() {
  const pair = await crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"]);
  return { privateKey: pair.privateKey, publicKey: base64(await crypto.subtle.exportKey("spki", pair.publicKey)) };
}

/** The signature over a body's canonical JSON: base 64 of the raw r and s. */
export async function sign(privateKey, body) {
  return base64(await crypto.subtle.sign(SIGNATURE, privateKey, canonical(body)));
}

/** What stands in a badge's QR code: {number, secret}; null for any other text. */
export function readBadge(text) {
  const found = /^\s*KAOWU-BADGE:1:([0-9A-Z]{8}):([A-Za-z0-9_-]{22})\s*$/.exec(text);
  return found && { number: found[1], secret: fromBase64(found[2]) };
}

/** Open a pack with a badge and its PIN: {key, content}. Throws WrongPin or PackBroken. */
export async function openPack(pack, badge, pin) {
  const entry = pack.badges.find((one) => one.badge === badge.number);
  const raw = await unwrap(pack.device, entry, badge, pin);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  raw.fill(0);
  return { key, content: await readPack(pack, key) };
}

async function unwrap(device, entry, badge, pin) {
  const secret = await crypto.subtle.importKey("raw", utf8(pin), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: joined(fromBase64(entry.salt), badge.secret), iterations: entry.rounds };
  const wrapping = await crypto.subtle.deriveKey(how, secret, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const bytes = fromBase64(entry.wrapped);
  const additionalData = canonical({ format: WRAP, device, badge: entry.badge });
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes.subarray(0, 12), additionalData }, wrapping, bytes.subarray(12)));
  } catch {
    throw new WrongPin();
  }
}

async function readPack(pack, key) {
  const additionalData = canonical({ format: PACK, device: pack.device, badges: pack.badges.map((one) => one.badge) });
  try {
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: fromBase64(pack.nonce), additionalData }, key, fromBase64(pack.sealed));
    if (hex(await digest(plain)) !== pack.pack) throw new PackBroken();
    return JSON.parse(fromUtf8(plain));
  } catch (error) {
    throw error instanceof PackBroken ? error : new PackBroken();
  }
}

/** Seal bytes at rest, bound to `about` (canonical JSON): {nonce, sealed}. */
export async function sealAtRest(key, bytes, about) {
  const nonce = randomBytes(12);
  return { nonce, sealed: await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: canonical(about) }, key, bytes) };
}

export async function openAtRest(key, { nonce, sealed }, about) {
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce, additionalData: canonical(about) }, key, sealed));
}

/** All events as a file that only the server reads and nobody changes. */
export async function exportFile(privateKey, exportKey, { device, last, events }) {
  const ecdh = { name: "ECDH", namedCurve: "P-256" };
  const server = await crypto.subtle.importKey("spki", fromBase64(exportKey), ecdh, false, []);
  const own = await crypto.subtle.generateKey(ecdh, false, ["deriveBits"]);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: server }, own.privateKey, 256);
  const nonce = randomBytes(12);
  const how = { name: "HKDF", hash: "SHA-256", salt: nonce, info: utf8(EXPORT) };
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, key, canonical({ device, last, events }));
  const body = {
    format: EXPORT, device, ephemeral: base64(await crypto.subtle.exportKey("spki", own.publicKey)), nonce: base64(nonce), sealed: base64(sealed),
  };
  return { ...body, signature: await sign(privateKey, body) };
}
