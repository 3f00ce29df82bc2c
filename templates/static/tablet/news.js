/* What the server says beside its receipts: announcements to the rooms, and own sheets that were not entered. It waits behind one
 * button of the bar, so that nothing moves under the finger of somebody who fills in a sheet.
 */
import { ask, button, h, said, say, t, time } from "./page.js";

let told = 0;

/** The button, where there is something to read; new news are said once to those who listen. */
export function newsButton(app) {
  const { tablet } = app;
  if (!tablet.session || app.moved) return null;
  const { unread, notEntered } = tablet;
  const count = unread.length + notEntered.length;
  if (count > told) say(t("news_came"));
  told = count;
  return count ? button(t("news", { n: count }), () => read(app), "", { id: "news", class: `button sign tone-${notEntered.length ? "stopped" : "needs"}` }) : null;
}

async function read(app) {
  const { tablet } = app;
  const shown = tablet.unread.map((one) => one.id);
  const list = h("div", { class: "tablet-news" },
    tablet.unread.map((one) => h("p", {}, h("b", { class: "num" }, time(one.at)), " ", said(one))),
    tablet.notEntered.length ? h("h3", {}, t("news_sheets")) : null,
    tablet.notEntered.map((one) => h("div", { class: "stack-tight" }, h("p", {}, said(one)), place(app, one))));
  if (await ask(t("news_title"), [list], t("news_read"), () => tablet.markRead(shown))) app.status();
}

/** The way to a sheet that was not entered. */
function place(app, { sitting, version }) {
  const candidate = app.tablet.session.rooms.flatMap((room) => room.candidates).find((one) => one.sitting === sitting);
  if (!candidate) return null;
  return h("div", { class: "actions" }, button(t("news_open", { n: candidate.seat }), (event) => { event.target.closest("dialog").close(); app.go(`#proof/${sitting}/${version}`); }));
}
