/* After signing: the proof slip (checksum and QR code, printable), what was signed, and the way to a correction. */
import { ask, button, field, h, notice, said, t } from "./page.js";
import { qr } from "./qr.js";
import { rowsOf } from "./score.js";
import { placeOf, rerun } from "./sheet.js";
import { Cannot } from "./tablet.js";

export async function proof(app, sitting, version) {
  const { tablet } = app;
  const place = placeOf(tablet, sitting);
  const sheet = tablet.sheet(sitting, Number(version));
  if (!place || !sheet?.signed) { app.go("#stations"); return []; } // somebody else's address
  const { candidate, room } = place;
  const slip = await tablet.slip(candidate, sheet);
  const newest = tablet.newest(sitting);
  return [
    h("header", { class: "page-head" }, h("div", {}, h("h1", {}, t("signed_title", { n: candidate.seat })), h("p", { class: "lead" }, t("signed_text"))),
      h("div", { class: "actions" }, button(t("next"), () => app.go("#stations"), "primary", { id: "to-list" }), button(t("print"), () => window.print()))),
    ...tablet.notEntered.filter((one) => one.sitting === sitting && one.version === sheet.version).map((one) => notice("stopped", said(one))),
    h("section", { class: "tablet-slip" },
      h("div", {}, h("h2", {}, t("proof")), h("p", { class: "tablet-slip-code num", id: "slip" }, slip),
        h("dl", { class: "facts" }, [[t("ticket"), candidate.ticket], [t("station"), candidate.seat], [t("badge_no"), tablet.session.badge], [t("version"), sheet.version], [t("component"), said(room.component)], [t("signed_at"), sheet.signed.said_at.slice(0, 16).replace("T", " ")]].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))))),
      drawn(`KAOWU-SLIP:1:${candidate.ticket}:${tablet.session.badge}:${sheet.version}:${slip}`)),
    h("p", { class: "note no-print" }, t("slip_text")),
    answers(tablet, room, sheet),
    newest.version > sheet.version ? notice("needs", t("newer_version", { n: newest.version }), " ", button(t("go_on"), () => app.go(`#${newest.signed ? "proof" : "sheet"}/${sitting}${newest.signed ? `/${newest.version}` : ""}`)))
      : h("div", { class: "actions" }, button(t("correct"), () => correct(app, sheet), ""), button(t("rerun"), () => rerun(app, sheet), "quiet")),
  ];
}

async function correct(app, sheet) {
  await ask(t("correct"), [h("p", {}, t("correct_text")), field("reason", t("reason"), { required: true, rows: 2 })], t("correct_go"), async ({ reason }) => {
    if (!reason.trim()) throw new Cannot("reason_missing");
    await app.tablet.write("corrected", { sitting: sheet.sitting, version: sheet.version + 1 }, { reason: reason.trim() });
    app.go(`#sheet/${sheet.sitting}`);
  });
}

function drawn(text) {
  const grid = qr(text);
  const quiet = 4;
  const path = grid.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + quiet} ${y + quiet}h1v1h-1z` : ""))).join("");
  const side = grid.length + 2 * quiet;
  return h("svg:svg", { class: "qr tablet-qr", viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": t("slip_qr"), "shape-rendering": "crispEdges" }, h("svg:rect", { width: side, height: side, fill: "#fff" }), h("svg:path", { d: path, fill: "#000" }));
}

function words(row, answer) {
  if (answer === undefined) return "—";
  if (row.kind === "measured") return `${answer} ${row.unit ?? ""}`;
  if (row.kind === "judged" || row.kind === "global") return `${answer} · ${said(row.levels[answer])}`;
  if (row.kind === "occurrence") return t("times", { n: answer });
  if (row.kind === "veto") return t(answer ? "veto_yes" : "veto_no");
  return t(answer ? "right" : "wrong");
}

/** What was signed, row by row, as on the paper sheet. */
function answers(tablet, room, sheet) {
  const score = tablet.preview(room.sheet, sheet);
  return h("div", { class: "table-wrap", role: "region", "aria-label": t("sheet"), tabindex: 0 }, h("table", { class: "table" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("number")), h("th", { scope: "col" }, t("criterion")), h("th", { scope: "col" }, t("result")), h("th", { scope: "col", class: "num" }, t("preview")))),
    h("tbody", {}, rowsOf(room.sheet).map((row) => h("tr", {}, h("td", {}, row.code), h("td", {}, said(row)), h("td", {}, words(row, sheet.answers[row.code])), h("td", { class: "num" }, row.kind === "veto" ? "—" : `${score.rows[row.code]} / ${row.points ?? 0}`)))),
    h("tfoot", {}, h("tr", {}, h("th", { scope: "row", colspan: 3 }, t("preview_total")), h("td", { class: "num" }, h("b", {}, score.total), ` / ${room.component.full_marks}`)))));
}
