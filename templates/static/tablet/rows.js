/* One criterion a row, with thumb-sized choices: what an assessor enters, in the same shapes as the page on the server. */
import { button, explain, h, said, t } from "./page.js";

const standard = (row) => said(row, "standard").trim();
const levels = (row) => row.levels.map((level) => said(level));

/** A row: {element, show(sheet, score, missing), kept()}. `enter(code, typed)` keeps a value, or returns words for what is
 * wrong with it. Entries of a row are kept one after another, so that the last one stands; until then the row shows what
 * was entered, whatever else is drawn meanwhile. `kept()` waits for them. */
export function rowOf(row, sheet, enter, extras) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const earned = h("output", { class: "num" }, "—");
  let waiting = 0, turn = Promise.resolve(), draw = () => {};
  const one = async (typed) => {
    const wrong = await enter(row, typed).catch(explain);
    waiting -= 1;
    problem.textContent = wrong ?? "";
    problem.hidden = !wrong;
    element.toggleAttribute("data-unkept", Boolean(wrong));
    draw();
  };
  const keep = (typed) => { waiting += 1; return turn = turn.then(() => one(typed)); };
  const { controls, show } = (row.kind === "measured" ? typedEntry : row.kind === "occurrence" ? countedEntry : chosenEntry)(row, sheet, keep);
  const element = h("div", { class: `sheet-row${row.kind === "veto" ? " sheet-row-veto" : ""}`, id: `row-${row.code}`, "data-row": row.code },
    h("div", { class: "sheet-words" }, h("h3", { id: `name-${row.code}` }, h("b", { class: "num" }, row.code), " ", said(row)),
      h("p", { class: "note" }, [t(`kind_${row.kind}`), standard(row)].filter(Boolean).join(" · "))),
    h("div", { class: "sheet-entry" }, controls, extras, problem),
    h("div", { class: "sheet-mark" }, row.kind === "veto" ? h("span", { class: "note" }, t("kind_veto")) : [earned, h("span", { class: "note" }, ` / ${row.points ?? 0}`)]));
  return { element, show(now, score, missing) {
    element.classList.toggle("sheet-row-missing", missing.includes(row.code));
    earned.textContent = now.answers[row.code] === undefined ? "—" : score.rows[row.code];
    draw = () => { if (!waiting) show(now.answers[row.code]); };
    draw();
  }, kept: () => turn };
}

/** Calls `keep` a little after the last key, and at once when the field is left. */
function typing(input, keep) {
  let timer = 0;
  const now = () => { clearTimeout(timer); timer = 0; return keep(input.value); };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(now, 700); });
  input.addEventListener("change", now);
}

function typedEntry(row, sheet, keep) {
  const input = h("input", { class: "input input-number", id: `in-${row.code}`, name: `row-${row.code}`, inputmode: "decimal", autocomplete: "off", value: sheet.answers[row.code] ?? "", "aria-labelledby": `name-${row.code}`, "aria-describedby": `hint-${row.code}` });
  typing(input, keep);
  return { controls: [h("span", { class: "row" }, input, h("span", {}, row.unit ?? "")), h("span", { class: "hint", id: `hint-${row.code}` }, `${row.nominal} ± ${row.tolerance} ${row.unit ?? ""}`)], show() {} };
}

/** A count with − and +; also the minutes of overtime. */
export function stepper(name, value, most, labels, keep) {
  const input = h("input", { class: "input input-number", id: `in-${name}`, name, type: "number", inputmode: "numeric", min: 0, max: most, step: 1, value: value ?? "", "aria-label": labels.field });
  const step = (by) => { input.value = input.value === "" ? (by > 0 ? 0 : "") : Math.min(most, Math.max(0, Number(input.value) + by)); if (input.value !== "") keep(input.value); };
  typing(input, keep);
  return h("span", { class: "stepper" }, button("−", () => step(-1), "", { "aria-label": labels.less, "data-step": "-1" }), input, button("+", () => step(1), "", { "aria-label": labels.more, "data-step": "1" }), h("span", {}, labels.unit));
}

function countedEntry(row, sheet, keep) {
  const labels = { field: t("count_of", { name: said(row) }), less: t("one_less"), more: t("one_more"), unit: t("each_costs", { n: row.each }) };
  return { controls: stepper(`row-${row.code}`, sheet.answers[row.code], 99, labels, keep), show() {} };
}

function choicesOf(row) {
  if (row.kind === "judged" || row.kind === "global") return levels(row).map((words, at) => [at, [h("b", { class: "num" }, at), " ", words]]);
  if (row.kind === "veto") return [[false, t("veto_no")], [true, t("veto_yes")]];
  return [[true, t("right")], [false, t("wrong")]];
}

function chosenEntry(row, sheet, keep) {
  const many = row.kind === "judged" || row.kind === "global";
  const inputs = [];
  const controls = h("fieldset", { class: many ? "sheet-levels" : "choices-row" }, h("legend", { class: "hidden-visually" }, said(row)), choicesOf(row).map(([value, words]) => {
    const input = h("input", { type: "radio", name: `row-${row.code}`, value: String(value), checked: sheet.answers[row.code] === value, onchange: () => keep(String(value)) });
    inputs.push(input);
    return h("label", { class: `choice${many ? " choice-level" : ""}${row.kind === "veto" && value ? " choice-veto" : ""}` }, input, h("span", {}, words));
  }));
  return { controls, show(answer) { for (const one of inputs) one.checked = answer !== undefined && one.value === String(answer); } };
}
