/* What the entries of a sheet add up to: a preview, twin of scoring/marking/rules/sheets.py. The server adds again; no total
 * leaves this tablet. Fractions are exact (BigInt), rounded to two places, half up, once for each row.
 */
const TOP = 3; // judged rows run 0 to 3

const gcd = (a, b) => (b ? gcd(b, a % b) : a < 0n ? -a : a);
function ratio(n, d = 1n) {
  const sign = d < 0n ? -1n : 1n;
  const by = gcd(n, d) || 1n;
  return [(sign * n) / by, (sign * d) / by];
}
/** An exact number from its decimal text; null where it is none. */
export function exact(value) {
  const found = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(String(value ?? "").trim());
  if (!found) return null;
  const places = found[3] ?? "";
  return ratio(BigInt(`${found[1] === "-" ? "-" : ""}${found[2]}${places}`), 10n ** BigInt(places.length));
}
const ZERO = [0n, 1n];
const plus = (a, b) => ratio(a[0] * b[1] + b[0] * a[1], a[1] * b[1]);
const minus = (a, b) => plus(a, [-b[0], b[1]]);
const times = (a, b) => ratio(a[0] * b[0], a[1] * b[1]);
const over = (a, b) => ratio(a[0] * b[1], a[1] * b[0]);
const less = (a, b) => a[0] * b[1] < b[0] * a[1];
const most = (a, b) => (less(a, b) ? b : a);
const ceiling = ([n, d]) => [n <= 0n ? -(-n / d) : (n + d - 1n) / d, 1n];
function cents([n, d]) { // half up, away from zero
  const twice = (n < 0n ? -n : n) * 200n;
  const found = (twice + d) / (2n * d);
  return ratio(n < 0n ? -found : found, 100n);
}
/** Two places, as on paper. */
export function mark([n, d]) {
  const found = (n * 100n) / d;
  const text = String(found < 0n ? -found : found).padStart(3, "0");
  return `${found < 0n ? "-" : ""}${text.slice(0, -2)}.${text.slice(-2)}`;
}

export const rowsOf = (sheet) => sheet.sections.flatMap((section) => section.rows);
const points = (row) => (row.kind === "veto" ? ZERO : exact(row.points ?? "0"));
const highest = (row) => (row.levels?.length ? row.levels.length - 1 : TOP);
const STOPS = new Set(["fail", "stop"]); // effects of veto items that end the work
const EMPTIES = new Set(["total", "fail"]); // those that leave nothing of the whole sheet

/** What a typed or chosen value is kept as: a text, a whole number, true or false; undefined where it does not fit its row. */
export function readEntry(row, value) {
  if (row.kind === "measured") {
    const text = String(value).trim().replace(/[０-９．－]/g, (one) => String.fromCharCode(one.charCodeAt(0) - 0xfee0));
    return /^-?\d{1,6}(\.\d{1,8})?$/.test(text) ? text : undefined;
  }
  if (row.kind === "all_or_nothing" || row.kind === "veto") return { true: true, false: false }[String(value)];
  const text = String(value).trim();
  const top = row.kind === "occurrence" ? 99 : highest(row);
  return /^\d{1,2}$/.test(text) && Number(text) <= top ? Number(text) : undefined;
}
const answered = (answers, row) => answers[row.code] !== undefined && answers[row.code] !== null;

/** Whether a veto item that ends the work has happened. */
export const safetyStopped = (sheet, answers) => rowsOf(sheet).some((row) => STOPS.has(row.effect) && answers[row.code] === true);

/** Codes of what nobody has answered yet, in the order of the sheet; "overtime" at the end. After a safety stop only the veto
 * items need an answer: what the candidate did not come to stays blank. */
export function missing(sheet, answers, overtime) {
  const stopped = safetyStopped(sheet, answers);
  const blank = rowsOf(sheet).filter((row) => !answered(answers, row) && !(stopped && row.kind !== "veto")).map((row) => row.code);
  if (sheet.overtime && overtime === null && !stopped) blank.push("overtime");
  return blank;
}

function rowMark(row, entry) {
  const full = points(row);
  let lost = ZERO;
  if (row.kind === "veto") return ZERO;
  if (row.kind === "measured") lost = times(stepsBeyond(row, exact(entry)), exact(row.per_step));
  else if (row.kind === "judged" || row.kind === "global") lost = minus(full, over(times(full, [BigInt(entry), 1n]), [BigInt(highest(row)), 1n]));
  else if (row.kind === "occurrence") lost = times(exact(row.each), [BigInt(entry), 1n]);
  else if (!entry) lost = full;
  return cents(most(ZERO, minus(full, lost)));
}

function stepsBeyond(row, value) {
  const off = minus(value, exact(row.nominal));
  const beyond = minus(off[0] < 0n ? [-off[0], off[1]] : off, exact(row.tolerance));
  return beyond[0] <= 0n ? ZERO : ceiling(over(beyond, exact(row.step)));
}

/** {rows: {code: "40.00"}, sections: {code: {counted, zeroedBy}}, vetoes, overtimeLost, stopped, total}. Blank rows earn nothing. */
export function score(sheet, answers, overtime = null) {
  const earned = {};
  for (const row of rowsOf(sheet)) {
    earned[row.code] = answered(answers, row) ? rowMark(row, answers[row.code]) : ZERO;
  }
  const vetoes = rowsOf(sheet).filter((row) => row.kind === "veto" && answers[row.code]);
  const sections = counted(sheet, earned, vetoes);
  const minutes = overtime ?? 0;
  const periods = sheet.overtime && minutes > 0 ? Math.ceil(minutes / sheet.overtime.every_minutes) : 0;
  const lost = periods ? times([BigInt(periods), 1n], exact(sheet.overtime.points)) : ZERO;
  const sum = Object.values(sections).reduce((all, one) => plus(all, one.exact), ZERO);
  return {
    rows: Object.fromEntries(Object.entries(earned).map(([code, one]) => [code, mark(one)])),
    sections: Object.fromEntries(Object.entries(sections).map(([code, one]) => [code, { counted: mark(one.exact), zeroedBy: one.zeroedBy }])),
    vetoes: vetoes.map((row) => row.code),
    overtimeLost: mark(lost),
    stopped: safetyStopped(sheet, answers) || Boolean(sheet.overtime && minutes >= sheet.overtime.stop_minutes),
    total: mark(most(ZERO, minus(sum, lost))),
  };
}

function counted(sheet, earned, vetoes) {
  const raw = {}, kept = {}, own = {};
  const whole = vetoes.find((row) => EMPTIES.has(row.effect))?.code ?? "";
  for (const section of sheet.sections) {
    raw[section.code] = section.rows.reduce((all, row) => plus(all, earned[row.code]), ZERO);
    own[section.code] = vetoes.find((row) => row.effect === "section" && section.rows.includes(row))?.code ?? "";
    kept[section.code] = whole || own[section.code] ? ZERO : raw[section.code];
  }
  const under = sheet.sections.filter((one) => one.gate !== undefined && one.gate !== null && less(kept[one.code], exact(one.gate)));
  const found = {};
  for (const { code } of sheet.sections) {
    const gate = under.find((one) => one.code !== code)?.code ?? "";
    const zeroedBy = whole || own[code] || gate;
    found[code] = { exact: zeroedBy ? ZERO : raw[code], zeroedBy };
  }
  return found;
}
