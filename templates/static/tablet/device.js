/* This tablet: who it is, what is kept and confirmed, what was refused, the file for a dead line. Open to anybody: it shows no marks. */
import { ask, button, chip, explain, facts, h, notice, said, span, t, time } from "./page.js";
import { readiness } from "./entrance.js";
import { beginAnew } from "./store.js";

/** Hand a file over to the browser's downloads. */
export function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export async function device(app) {
  const { tablet } = app;
  const own = tablet.device;
  const unreadable = await tablet.unreadable();
  return [
    h("header", { class: "page-head" }, h("h1", {}, t("this_tablet")), h("div", { class: "actions" }, button(t("back"), () => app.go("#stations")))),
    h("section", { class: "card" }, h("h2", {}, own.label), facts([
      [t("site"), said(own.site)], [t("device_id"), h("span", { class: "hash" }, own.id)], [t("kept"), tablet.kept], [t("confirmed"), tablet.confirmed],
      [t("heard"), tablet.heard ? t("ago", { t: span(Date.now() - tablet.heard) }) : t("never_heard")],
      [t("clock"), `${time(new Date())} · ${tablet.clockOffMs ? t("clock_off", { t: span(tablet.clockOffMs) }) : t("clock_right")}`],
    ]), h("div", { class: "actions" }, button(t("send_now"), () => tablet.line.soon(0)))),
    h("section", { class: "card" }, h("h2", {}, t("offline_title")), readiness(app), h("div", { class: "actions" }, button(t("check_again"), () => app.check()))),
    unreadable ? notice("needs", t(tablet.session ? "unreadable" : "sealed", { n: unreadable })) : null,
    refused(tablet),
    photosRefused(tablet),
    await originals(app),
    exporting(tablet),
    enrollingAgain(tablet),
  ].filter(Boolean);
}

function refused(tablet) {
  if (!tablet.refused.length) return null;
  return h("section", { class: "card" }, h("h2", {}, t("refused_title")), h("p", {}, t("refused_text")),
    h("ul", {}, tablet.refused.map((one) => h("li", {}, t("refused_one", { n: one.number, why: t(`why_${one.why}`) })))));
}

function photosRefused(tablet) {
  if (!tablet.photosRefused.length) return null;
  return h("section", { class: "card" }, h("h2", {}, t("photos_refused_title")), h("ul", {}, tablet.photosRefused.map((one) => h("li", {}, h("span", { class: "hash" }, one.sha256.slice(0, 12)), ` ${one.why}`))));
}

async function originals(app) {
  if (!app.tablet.session) return null;
  const kept = await app.tablet.originals();
  if (!kept.length) return null;
  return h("section", { class: "card" }, h("h2", {}, t("originals_title")), h("p", {}, t("originals_text")), h("ul", { class: "station-list" }, kept.map((one) => h("li", { class: "row" },
    h("b", {}, one.name), chip(one.row, "plain"),
    button(t("save_original"), async () => download(one.name, one.type, await app.tablet.original(one))),
    button(t("drop_original"), () => ask(t("drop_original"), [h("p", {}, t("drop_original_text", { name: one.name }))], t("drop_original"), async () => { await app.tablet.dropOriginal(one.id); app.show(); }, "danger"), "danger")))));
}

function exporting(tablet) {
  const problem = h("div", {});
  return h("section", { class: "card" }, h("h2", {}, t("export_title")), h("p", {}, t("export_text")), problem,
    tablet.session ? h("div", { class: "actions" }, button(t("export_go"), async () => {
      try {
        const { file, left } = await tablet.export();
        download(`kaowu-${tablet.device.label}-${tablet.kept}.json`, "application/json", JSON.stringify(file));
        problem.replaceChildren(notice(left ? "warning" : "needs", t(left ? "export_part" : "export_done", { n: tablet.kept - left, left })));
      } catch (error) {
        problem.replaceChildren(notice("stopped", explain(error)));
      }
    }, "", { id: "export" })) : h("p", { class: "note" }, t("export_sign_in")));
}

/** A revoked, unknown or set-back tablet goes on as a new one; what it kept stays in its own store. */
function enrollingAgain(tablet) {
  const dead = tablet.setBack || ["TabletRevoked", "TabletUnknown"].includes(tablet.line?.stopped?.code);
  if (!dead) return null;
  const open = tablet.kept - tablet.confirmed;
  return h("section", { class: "card" }, h("h2", {}, t("again_title")), h("p", {}, t("again_text")), h("div", { class: "actions" }, button(t("again_title"),
    () => ask(t("again_title"), [h("p", {}, open ? t("again_open", { n: open }) : t("again_none"))], t("again_go"), async () => { beginAnew(); location.reload(); }, "danger"), "danger", { id: "again" })));
}
