/* Before anybody is signed in: this tablet is enrolled, gets its data, says whether it is ready, and is opened by badge and PIN. */
import { button, canScan, chip, day, explain, field, h, notice, said, scan, t, time } from "./page.js";

/** A form whose refusal is shown above it, and whose button says that it was heard. */
function form(id, label, fields, submit) {
  const problem = h("div", { class: "tablet-problem" });
  const go = h("button", { type: "submit", class: "button button-primary button-big", id: `${id}-go` }, label);
  const made = h("form", { id, class: "form form-wide", novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    go.setAttribute("aria-busy", "true");
    problem.replaceChildren();
    try {
      await submit(Object.fromEntries(new FormData(made)));
    } catch (error) {
      problem.replaceChildren(notice("stopped", explain(error)));
    }
    go.removeAttribute("aria-busy");
  } }, problem, fields, go);
  return made;
}

const scanInto = (name, title) => canScan() ? button(title, async () => {
  const found = await scan(title);
  if (found) document.getElementById(name).value = found;
}) : h("p", { class: "note" }, t("no_scanner"));

/** Register this browser with the site head's code. */
export async function enrolment(app) {
  return [
    h("h1", {}, t("enrol_title")),
    h("p", { class: "lead" }, t("enrol_text")),
    form("enrol", t("enrol_go"), [
      scanInto("code", t("enrol_scan")),
      field("code", t("enrol_code"), { inputmode: "numeric", required: true, class: "input input-code tablet-code" }, t("enrol_hint")),
    ], async ({ code }) => {
      const digits = /(\d{8})\s*$/.exec(code.replace(/[\s-]/g, ""))?.[1];
      if (!digits) throw { key: "enrol_eight", facts: {} };
      await app.tablet.enrol(digits);
      try { await app.tablet.fetchPack(); } catch { /* said on the next screen */ }
      await app.check();
      await app.show();
    }),
  ];
}

/** Get the data, see whether all is there, sign in. */
export async function entrance(app) {
  const { tablet } = app;
  const { pack } = tablet;
  const unreadable = await tablet.unreadable();
  return [
    h("h1", {}, t("enter_title")),
    app.said ? notice("needs", app.said) : null,
    unreadable ? notice("needs", t("sealed", { n: unreadable })) : null,
    h("div", { class: "tablet-columns" },
      pack?.badges.length ? signIn(app) : h("section", { class: "card" }, h("h2", {}, t("nobody_title")), h("p", {}, t(pack ? (pack.rooms.length ? "nobody_badges" : "nobody_rooms") : "nobody_pack"))),
      data(app)),
  ].filter(Boolean);
}

function signIn(app) {
  return h("section", { class: "card" }, h("h2", {}, t("sign_in")), form("sign-in", t("sign_in"), [
    scanInto("badge", t("badge_scan")),
    field("badge", t("badge"), { required: true, class: "input input-code", spellcheck: "false", autocapitalize: "characters" }, t("badge_hint")),
    field("pin", t("pin"), { type: "password", inputmode: "numeric", maxlength: "6", required: true, class: "input input-code tablet-code" }),
  ], async ({ badge, pin }) => {
    await app.tablet.signIn(badge, pin);
    app.said = "";
    app.touched = Date.now();
    await app.show();
    await app.check();
  }));
}

function data(app) {
  const { tablet } = app;
  const { pack } = tablet;
  const problem = h("div", {});
  const get = button(t(pack ? "pack_again" : "pack_get"), async () => {
    get.setAttribute("aria-busy", "true");
    problem.replaceChildren();
    try {
      await tablet.fetchPack();
      await app.check();
      await app.show();
    } catch (error) {
      problem.replaceChildren(notice("stopped", explain(error)));
    }
    get.removeAttribute("aria-busy");
  }, pack ? "" : "primary", { id: "get-pack" });
  return h("section", { class: "card" }, h("h2", {}, t("data")),
    readiness(app),
    pack?.rooms.length ? h("ul", { class: "tablet-rooms" }, pack.rooms.map((room) => h("li", {}, h("b", {}, said(room)), " ", h("span", { class: "note" }, `${day(room.starts_at)} ${time(room.starts_at)}–${time(room.ends_at)}`)))) : h("p", {}, t(pack ? "no_rooms" : "no_pack")),
    pack?.waiting?.length ? h("p", { class: "note" }, t("waiting_pin", { names: pack.waiting.join(t("comma")) })) : null,
    pack ? h("p", { class: "note" }, t("pack_at", { at: time(pack.got_at) })) : null,
    problem, h("div", { class: "actions" }, get));
}

/** Ready for offline: said only of what was read back; otherwise what is missing. */
export function readiness(app) {
  const place = h("div", { "data-refresh": true, id: "readiness", class: "stack-tight" });
  const fill = () => {
    const { ready } = app;
    if (ready === null) place.replaceChildren(chip(t("ready_checking"), "plain"));
    else if (ready.length === 0) place.replaceChildren(h("p", { class: "tablet-ready" }, h("strong", {}, t("ready")), " ", h("span", { class: "note" }, t("ready_text"))));
    else place.replaceChildren(notice("warning", h("strong", {}, t("not_ready")), h("ul", {}, ready.map(([key, facts]) => h("li", {}, t(key, facts))))));
  };
  place.addEventListener("refresh", fill);
  fill();
  return place;
}
