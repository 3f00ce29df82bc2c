/* The page that checks a certificate in the browser: the file never leaves the device, and no server is asked. */
import { checkSignature } from "./cms.js";
import { base64, hex, sha256 } from "./der.js";
import { included, openRecord, readProof, signedBy } from "./ledger.js";
import { attachmentsOf, LIMIT_BYTES, signatureOf } from "./pdf.js";

const trust = JSON.parse(document.getElementById("trust").dataset.trust);
const words = JSON.parse(document.getElementById("trust").dataset.words);
const place = document.getElementById("answer");
const text = new TextDecoder();

/** Everything that can be said of a file without a server: a verdict and the checks (true, false, or null: cannot be said). */
export async function examine(bytes) {
  const checks = { whole: false, unchanged: false, signature: false, chain: false, proof: null, record: null, checkpoint: null, witnesses: null };
  const found = { verdict: "unknown", checks, facts: null, sha256: hex(await sha256(bytes)) };
  const seen = signatureOf(bytes);
  if (seen.flaw) return { ...found, verdict: seen.flaw === "broken" ? "altered" : seen.flaw };
  checks.whole = seen.whole;
  let said;
  try {
    said = await checkSignature(seen.der, await sha256(seen.covered), trust.roots.map(base64), seen.at);
  } catch { return { ...found, verdict: "altered" }; }
  checks.signature = said.signature;
  checks.unchanged = seen.whole && seen.single && said.digest;
  checks.chain = said.trusted && said.valid;
  found.signer = said.signer;
  if (!said.trusted) return { ...found, verdict: "foreign" };
  if (trust.lost.some((one) => one === said.certificate)) return { ...found, verdict: "lost" };
  if (!(checks.whole && checks.unchanged && checks.signature && checks.chain)) return { ...found, verdict: "altered" };
  try {
    found.facts = await proved(bytes, checks);
  } catch { checks.proof = false; }
  const bad = [checks.proof, checks.record, checks.checkpoint].includes(false);
  return { ...found, verdict: bad ? "unproved" : "intact" };
}

/** The ledger's part: the proof, the record, the signatures of the checkpoint. */
async function proved(bytes, checks) {
  const files = await attachmentsOf(bytes);
  if (!files.has("ledger-proof.txt") || !files.has("ledger-record.json")) return null;
  const proof = readProof(text.decode(files.get("ledger-proof.txt")));
  const opened = await openRecord(text.decode(files.get("ledger-record.json")));
  checks.proof = proof.origin === trust.origin && await included(proof, opened.entry);
  checks.record = opened.opens;
  if (trust.log) checks.checkpoint = await signedBy(proof, trust.log);
  if (trust.witnesses.length) {
    const held = await Promise.all(trust.witnesses.map((one) => signedBy(proof, one)));
    checks.witnesses = held.includes(null) ? null : held.filter(Boolean).length >= trust.quorum;
  }
  return { ...opened.record, index: proof.index };
}

function node(name, content = "", kind = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(content);
  return made;
}

function show({ verdict, checks, facts, sha256: digest, signer }) {
  const tone = words.tones[verdict];
  const head = node("div", "", `verdict tone-${tone}`);
  head.append(node("p", words.offline, "verdict-asked"));
  const large = node("h2", "", "large-word");
  large.tabIndex = -1;
  large.append(node("span", "", `sign tone-${tone}`), ` ${words.verdicts[verdict]}`);
  head.append(large, node("p", words.explanations[verdict], "lead"));
  place.replaceChildren(head);
  if (facts) {
    const list = node("dl", "", "facts");
    const face = facts.face ?? {};
    const shown = [[words.facts.holder, face.holder_name], [words.facts.id, face.id_masked], [words.facts.certificate, face.certificate_name_zh],
      [words.facts.level, face.level_zh], [words.facts.number, facts.number], [words.facts.issued, face.issued_on],
      [words.facts.issuer, face.organisation_name_zh], [words.facts.entry, facts.index]];
    for (const [label, value] of shown) {
      const row = node("div");
      row.append(node("dt", label), node("dd", String(value ?? "—")));
      list.append(row);
    }
    const card = node("section", "", "card");
    card.append(node("h2", words.compare), list);
    place.append(card);
  }
  const list = node("ul", "", "checks");
  for (const [key, value] of Object.entries(checks)) {
    const row = node("li");
    row.append(node("span", "", `sign tone-${value === null ? "plain" : value ? "done" : "stopped"}`), node("span", words.checks[key]));
    row.append(node("b", value === null ? words.unsaid : value ? words.yes : words.no, value === false ? "bad" : ""));
    list.append(row);
  }
  const card = node("section", "", "card");
  card.append(node("h2", words.checked), list);
  if (signer) card.append(node("p", `${words.signer} ${signer}`, "note"));
  card.append(node("p", `SHA-256 ${digest}`, "note fingerprint"));
  place.append(card);
  const limits = node("section", "", "card");
  limits.append(node("h2", words.limits), node("p", words.later));
  place.append(limits);
  place.dataset.verdict = verdict;
  large.focus();
}

async function take(file) {
  place.removeAttribute("data-verdict");
  if (file.size > LIMIT_BYTES) { refuse(words.large); return; }
  if (!globalThis.crypto?.subtle) { refuse(words.insecure); return; }
  show(await examine(new Uint8Array(await file.arrayBuffer())));
}

function refuse(reason) {
  place.replaceChildren(node("p", reason, "notice sign tone-warning"));
  place.dataset.verdict = "refused";
}

const input = document.getElementById("file");
input.addEventListener("change", () => { if (input.files.length) take(input.files[0]); });
document.getElementById("ready").hidden = false;
if ("serviceWorker" in navigator && globalThis.isSecureContext) {
  navigator.serviceWorker.register("/verify/offline/worker.js", { scope: "/verify/offline" })
    .then(() => navigator.serviceWorker.ready)
    .then(() => { document.getElementById("kept").hidden = false; document.documentElement.dataset.kept = "1"; })
    .catch(() => { /* the page works without, as long as it stays open */ });
}
