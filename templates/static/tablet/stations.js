/* The candidates of the session by station: photo, ticket, state; the next one as the large button. Own sheets only. */
import { button, canScan, chip, day, h, notice, said, scan, t, time } from "./page.js";

/** The state of the own sheet of a candidate: [key of words, tone]. */
export function stateOf(tablet, candidate) {
  const sheet = tablet.newest(candidate.sitting);
  if (tablet.notEntered.some((one) => one.sitting === candidate.sitting)) return ["state_not_entered", "stopped"];
  if (sheet.stopped) return ["state_stopped", "stopped"];
  if (sheet.signed) return ["state_signed", "plain"];
  if (sheet.opened || Object.keys(sheet.answers).length) return ["state_begun", "needs"];
  if (candidate.present) return ["state_open", "plain"];
  return [candidate.status === "absent" ? "state_absent" : "state_not_here", "warning"];
}

export async function stations(app) {
  const { tablet } = app;
  const { session } = tablet;
  const next = session.rooms.flatMap((room) => room.candidates).find((one) => !tablet.newest(one.sitting).signed && !tablet.newest(one.sitting).stopped && one.present);
  const find = h("input", { class: "input", id: "find", type: "search", inputmode: "numeric", placeholder: t("find_hint"), "aria-label": t("find"), oninput: () => filter(find.value) });
  return [
    h("header", { class: "page-head" }, h("div", {}, h("h1", {}, t("stations")), h("p", { class: "lead" }, t("signed_in_as", { name: session.name, badge: session.badge }))),
      h("div", { class: "actions" }, canScan() ? button(t("ticket_scan"), async () => openTicket(app, await scan(t("ticket_scan")))) : null, find)),
    next ? button(t("next_candidate", { n: next.seat }), () => app.go(`#sheet/${next.sitting}`), "primary", { class: "button button-primary button-big", id: "next" }) : notice("needs", t("all_done")),
    ...session.rooms.map((room) => h("section", { class: "section" },
      h("div", { class: "section-head" }, h("h2", {}, said(room)), h("span", { class: "note" }, `${said(room.certificate)} · ${said(room.component)} · ${day(room.starts_at)} ${time(room.starts_at)}–${time(room.ends_at)}`)),
      room.candidates.length ? h("ul", { class: "station-list" }, room.candidates.map((one) => station(app, one))) : h("p", {}, t("no_candidates")))),
  ];
}

function station(app, candidate) {
  const state = h("span", { "data-refresh": true });
  const draw = () => { const [words, tone] = stateOf(app.tablet, candidate); if (state.textContent !== t(words)) state.replaceChildren(chip(t(words), tone)); };
  state.addEventListener("refresh", () => { if (app.tablet.session) draw(); });
  draw();
  const sheet = app.tablet.newest(candidate.sitting);
  return h("li", { class: `station tablet-station${candidate.present ? "" : " station-off"}`, "data-ticket": candidate.ticket, "data-seat": candidate.seat },
    h("b", { class: "station-no num" }, candidate.seat),
    candidate.photo ? h("img", { class: "sheet-photo", src: candidate.photo, width: 54, height: 72, alt: t("photo_of", { n: candidate.seat }) }) : h("span", { class: "tablet-nophoto note" }, t("no_photo")),
    h("span", { class: "station-code" }, h("b", { class: "num" }, candidate.code), h("span", { class: "sub num" }, candidate.ticket)),
    state,
    sheet.signed ? button(t("look"), () => app.go(`#proof/${candidate.sitting}/${sheet.version}`))
      : button(t(sheet.opened ? "go_on" : "begin"), () => app.go(`#sheet/${candidate.sitting}`), candidate.present ? "primary" : ""));
}

function filter(text) {
  const wanted = text.trim();
  for (const one of document.querySelectorAll(".tablet-station")) one.hidden = Boolean(wanted) && !one.dataset.ticket.includes(wanted) && one.dataset.seat !== wanted;
}

function openTicket(app, text) {
  const found = text && app.tablet.session.rooms.flatMap((room) => room.candidates).find((one) => text.includes(one.ticket));
  if (found) app.go(`#sheet/${found.sitting}`);
  else if (text) { document.getElementById("find").value = ""; document.getElementById("next")?.after(notice("stopped", t("ticket_foreign"))); }
}
