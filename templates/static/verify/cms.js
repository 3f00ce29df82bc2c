/* The signature of a PDF (CMS SignedData, RFC 5652, of the profile PAdES B-B) and the certificates that lead to a root.
 * The same rules as certificates/issuing/rules/{signature,chains}.py: one signer, one form, SHA-256.
 */
import { element, hex, oid, parts, same, sha256, time } from "./der.js";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47";
const SHA_256 = "2.16.840.1.101.3.4.2.1";
const HASHES = { "1.2.840.10045.4.3.2": "SHA-256", "1.2.840.10045.4.3.3": "SHA-384", "1.2.840.113549.1.1.11": "SHA-256", "1.2.840.113549.1.1.12": "SHA-384", "1.2.840.113549.1.1.1": "SHA-256" };
const DOCUMENT_USES = ["1.3.6.1.5.5.7.3.36", "1.2.840.113583.1.1.5", "1.3.6.1.4.1.311.10.3.12", "1.3.6.1.5.5.7.3.4"];

/** A certificate, as far as it concerns us. */
export function certificate(der) {
  const node = element(der);
  const [tbs, algorithm, signature] = parts(node);
  const fields = parts(tbs);
  if (fields[0].tag === 0xa0) fields.shift();
  const [serial, , issuer, validity, subject, key] = fields;
  const [from, to] = parts(validity).map(time);
  const extensions = new Map();
  const last = fields.find((one) => one.tag === 0xa3);
  for (const one of last ? parts(parts(last)[0]) : []) {
    const inner = parts(one);
    extensions.set(oid(inner[0]), inner.at(-1).content);
  }
  const basic = extensions.get("2.5.29.19");
  const usage = extensions.get("2.5.29.15");
  const purposes = extensions.get("2.5.29.37");
  const bits = usage ? element(usage).content[1] : 0;
  return {
    der: node.raw, tbs: tbs.raw, serial: serial.content, issuer: issuer.raw, subject: subject.raw, key: key.raw,
    kind: oid(parts(parts(key)[0])[0]), from, to, algorithm: oid(parts(algorithm)[0]), signature: signature.content.subarray(1),
    authority: Boolean(basic) && parts(element(basic)).some((one) => one.tag === 1 && one.content[0] === 0xff),
    signs: (bits & 0xc0) !== 0, certifies: (bits & 0x04) !== 0,
    purposes: purposes ? parts(element(purposes)).map(oid) : [],
    name: nameOf(subject),
  };
}

function nameOf(subject) {
  for (const set of parts(subject)) {
    const [kind, value] = parts(parts(set)[0]);
    if (oid(kind) === "2.5.4.3") return new TextDecoder().decode(value.content);
  }
  return "";
}

/** r and s of an ECDSA signature, 32 bytes each, as WebCrypto wants them. */
function fixed(der, size) {
  const found = new Uint8Array(size * 2);
  parts(element(der)).forEach((one, index) => {
    const number = one.content[0] ? one.content : one.content.subarray(1);
    if (number.length > size) throw new Error("signature");
    found.set(number, size * (index + 1) - number.length);
  });
  return found;
}

async function holds(signer, algorithm, signature, message) {
  const hash = HASHES[algorithm];
  if (!hash) return false;
  if (signer.kind === "1.2.840.10045.2.1") {
    const key = await crypto.subtle.importKey("spki", signer.key, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    return crypto.subtle.verify({ name: "ECDSA", hash }, key, fixed(signature, 32), message);
  }
  const key = await crypto.subtle.importKey("spki", signer.key, { name: "RSASSA-PKCS1-v1_5", hash }, false, ["verify"]);
  return crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, signature, message);
}

async function issued(one, by) {
  return by.authority && by.certifies && same(one.issuer, by.subject) && await holds(by, one.algorithm, one.signature, one.tbs);
}

/** From the signer's certificate to one of the roots; empty when it leads nowhere. */
async function chain(leaf, carried, roots) {
  if (!leaf.signs || leaf.authority || (leaf.purposes.length && !leaf.purposes.some((one) => DOCUMENT_USES.includes(one)))) return [];
  const found = [leaf];
  while (found.length < 5) {
    for (const root of roots) if (await issued(found.at(-1), root)) return [...found, root];
    let above = null;
    for (const one of carried) if (!above && !found.includes(one) && await issued(found.at(-1), one)) above = one;
    if (!above) return [];
    found.push(above);
  }
  return [];
}

/** What the signature says: does it hold over `digest`, who signed, under which root, valid at `at` (ms)? */
export async function checkSignature(der, digest, rootsDer, at) {
  const answer = { signature: false, digest: false, trusted: false, valid: false, signer: "", root: "" };
  const envelope = element(der);
  if (der.subarray(envelope.end).some((one) => one)) throw new Error("filled");
  const [kind, wrapped] = parts(envelope);
  if (oid(kind) !== SIGNED_DATA) throw new Error("kind");
  const fields = parts(parts(wrapped)[0]);
  const [, digests, encapsulated, certificates, signers] = fields;
  if (fields.length !== 5 || certificates.tag !== 0xa0 || parts(encapsulated).length !== 1) throw new Error("form");
  if (parts(digests).length !== 1 || oid(parts(parts(digests)[0])[0]) !== SHA_256 || parts(signers).length !== 1) throw new Error("form");
  const info = parts(parts(signers)[0]);
  const [, sid, digestAlgorithm, attributes, method, value] = info;
  if (attributes.tag !== 0xa0 || oid(parts(digestAlgorithm)[0]) !== SHA_256) throw new Error("form");
  const carried = parts(certificates).map((one) => certificate(one.raw));
  const [issuer, serial] = parts(sid);
  const leaf = carried.find((one) => same(one.issuer, issuer.raw) && same(one.serial, serial.content));
  if (!leaf) throw new Error("no certificate");
  answer.signer = leaf.name;
  const found = await chain(leaf, carried, rootsDer.map(certificate));
  answer.trusted = found.length > 0;
  answer.root = found.at(-1)?.name ?? "";
  answer.valid = answer.trusted && found.every((one) => one.from <= at && at <= one.to);
  const signed = attributes.raw.slice();
  signed[0] = 0x31;
  const said = new Map(parts(attributes).map((one) => [oid(parts(one)[0]), parts(parts(one)[1])]));
  const named = element(element(element(said.get(SIGNING_CERTIFICATE)[0].content).content).content);
  answer.signature = await holds(leaf, oid(parts(method)[0]), value.content, signed) && same(named.content, await sha256(leaf.der));
  answer.digest = same(said.get(MESSAGE_DIGEST)[0].content, digest);
  answer.certificate = hex(await sha256(leaf.der));
  return answer;
}
