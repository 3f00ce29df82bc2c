/* Proof slips: twin of scoring/tablets/rules/slips.py. The checksum covers what stands on paper and nothing else. */
import { canonical, digest } from "./bytes.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford
const CHECK = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";
const LENGTH = 12;

/** A measured value in its shortest spelling, as docs/formats/tablets.md says: a trailing zero makes no other slip. */
export function shortest(value) {
  const found = typeof value === "string" ? /^([+-]?)0*(\d+)(?:\.(\d*))?$/.exec(value) : null;
  if (!found) return value;
  const places = (found[3] ?? "").replace(/0+$/, "");
  const text = places ? `${found[2]}.${places}` : found[2];
  return found[1] === "-" && /[1-9]/.test(text) ? `-${text}` : text;
}

const onPaper = (answers) => Object.fromEntries(Object.entries(answers).map(([code, value]) => [code, shortest(value)]));

/** The checksum of a signed sheet, in groups of four: 7K3M-9QXA-02TZ-5. */
export async function slip(ticket, badge, version, answers, overtime) {
  const hash = await digest(canonical({ ticket, badge, version, answers: onPaper(answers), overtime }));
  let bits = 0n;
  for (const byte of hash.subarray(0, 8)) bits = (bits << 8n) | BigInt(byte);
  bits >>= BigInt(64 - 5 * LENGTH);
  let found = "";
  for (let at = LENGTH - 1; at >= 0; at -= 1) found += ALPHABET[Number((bits >> BigInt(5 * at)) & 31n)];
  return (found + check(found)).match(/.{1,4}/g).join("-");
}

function check(found) { // ISO 7064 MOD 37-2, pure system
  let rest = 0;
  for (const one of found) rest = ((rest + CHECK.indexOf(one)) * 2) % 37;
  return CHECK[(38 - rest) % 37];
}
