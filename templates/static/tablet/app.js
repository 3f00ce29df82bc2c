/* The page of the tablet: three truths always on top, below them one screen at a time, chosen by what is known and the address's hash. */
import { button, explain, h, notice, say, span, speak, speaks, t } from "./page.js";
import { entrance, enrolment } from "./entrance.js";
import { device } from "./device.js";
import { newsButton } from "./news.js";
import { lacking, startWorker } from "./offline.js";
import { proof } from "./proof.js";
import { sheet } from "./sheet.js";
import { stations } from "./stations.js";
import * as store from "./store.js";
import { Cannot, Tablet } from "./tablet.js";

const IDLE_MS = 10 * 60_000;
const main = document.getElementById("main");
const bar = document.getElementById("tablet-bar");
const trouble = document.getElementById("tablet-trouble");

const app = {
  tablet: null,
  ready: null, // null: not checked yet; [] all there; else what is missing
  moved: false, // another page of this browser took over
  touched: Date.now(),
  turn: 0, // how often a screen was drawn
  takeOver() {}, // a new version of the page, where one waits
  go(hash) { if (location.hash === hash) this.show(); else location.hash = hash; },
  async check() { this.ready = await lacking(this.tablet); this.status(); },
  lock(say_ = "") { this.tablet.lock(); this.said = say_; this.show(); },

  /** Draw the screen that fits. */
  async show() {
    const { tablet } = this;
    const [name, ...given] = location.hash.slice(1).split("/");
    const screens = { stations, sheet, proof, device };
    const draw = this.moved ? movedAway : !tablet.device ? enrolment : !tablet.session && name !== "device" ? entrance : screens[name] ?? stations;
    const turn = this.turn += 1;
    const made = await draw(this, ...given);
    if (turn !== this.turn) return; // a later screen was quicker
    const before = document.activeElement;
    const typed = draw === entrance ? [...main.querySelectorAll("form input[id]")].map((field) => [field.id, field.value]) : [];
    main.replaceChildren(...made);
    for (const [id, value] of typed) { // data that arrive do not take back a badge half typed
      const field = document.getElementById(id);
      if (!field) continue;
      field.value = value;
      if (before.id === id) field.focus({ preventScroll: true });
    }
    document.title = `${main.querySelector("h1")?.textContent ?? t("title")} · ${t("title")}`;
    if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
    scrollTo(0, 0);
    this.status();
  },

  /** Draw what is always on screen. */
  status() {
    bar.replaceChildren(...head(this));
    trouble.replaceChildren(...troubles(this));
    this.takeOver();
    for (const part of main.querySelectorAll("[data-refresh]")) part.dispatchEvent(new Event("refresh"));
  },
};

function head({ tablet, moved }) {
  const { device: own, session } = tablet;
  const all = tablet.kept > 0 && tablet.kept === tablet.confirmed && !tablet.photosWaiting;
  const silent = tablet.heard ? Date.now() - tablet.heard : null;
  const line = silent === null ? t("never_heard") : silent > 90_000 ? t("no_line_for", { t: span(silent) }) : t("line_there");
  const off = silent === null || silent > 90_000;
  return [
    h("div", { class: "tablet-who" }, h("b", {}, own?.label ?? t("title")), h("span", { class: "note" }, session ? session.name : own ? siteName(own) : "")),
    own && h("dl", { class: "truths", "aria-label": t("truths") },
      h("div", {}, h("dt", {}, t("kept")), h("dd", { class: "num", id: "kept" }, tablet.kept)),
      h("div", { class: all ? "tone-done" : "tone-needs" }, h("dt", {}, t("confirmed")), h("dd", { class: `num${tablet.kept ? " sign" : ""}`, id: "confirmed" }, `${tablet.confirmed}`, tablet.photosWaiting ? h("small", {}, ` ${t("photos_waiting", { n: tablet.photosWaiting })}`) : null)),
      h("div", { class: off ? "tone-warning" : "tone-plain" }, h("dt", {}, t("line")), h("dd", { id: "line", class: off ? "sign" : "" }, line))),
    h("div", { class: "actions" },
      newsButton(app),
      own && button(t("this_tablet"), () => app.go("#device"), "quiet"),
      session && !moved && button(t("lock"), () => app.lock(t("locked")), "", { id: "lock" }),
      button(t("other_language"), async () => { await changeLanguage(); }, "quiet", { lang: speaks() === "en" ? "zh-CN" : "en", id: "language" })),
  ].filter(Boolean);
}

const siteName = (own) => (speaks() === "en" ? own.site.name_en || own.site.name : own.site.name);

/** What is wrong, each with its own words; nothing of it loses anything. */
function troubles({ tablet, ready }) {
  const found = [];
  const stopped = tablet.line?.stopped;
  if (stopped) found.push(notice("stopped", h("strong", {}, explain(stopped)), " ", t(stopped.code === "TabletRevoked" ? "revoked_keeps" : "refused_keeps")));
  if (tablet.setBack) found.push(notice("stopped", t("set_back")));
  if (tablet.full) found.push(notice("stopped", t("store_full")));
  if (tablet.clockOffMs) found.push(notice("warning", t(tablet.clockOffMs > 0 ? "clock_slow" : "clock_fast", { t: span(tablet.clockOffMs) })));
  if (tablet.refused.length) found.push(notice("warning", t("refused_some", { n: tablet.refused.length })));
  if (tablet.line?.stuck.size) found.push(notice("warning", t("stuck_some", { n: tablet.line.stuck.size })));
  if (tablet.photosRefused.length) found.push(notice("warning", t("photos_refused", { n: tablet.photosRefused.length })));
  if (tablet.session && ready?.length) found.push(notice("warning", t("not_ready"), " ", ready.map(([key, facts]) => t(key, facts)).join(" ")));
  return found;
}

async function changeLanguage() {
  const next = speaks() === "en" ? "zh" : "en";
  await store.setFact("language", next);
  speak(next);
  const told = fetch(`/language/${next}?back=/scoring/tablet`, { redirect: "manual" }).catch(() => { /* no line: the server's own words stay as they were */ });
  await app.show();
  await told;
  if (app.tablet.line?.stopped) app.tablet.line.soon(0); // to hear it again in that language
}

function movedAway() {
  return [h("h1", {}, t("moved_title")), h("p", {}, t("moved_text")), h("div", { class: "actions" }, button(t("moved_here"), () => location.reload(), "primary"))];
}

/** One page at a time: an older one stands aside, and says so. */
function takeTheFloor() {
  return new Promise((resolve) => {
    navigator.locks.request("kaowu-tablet-page", { steal: true }, () => { resolve(); return new Promise(() => {}); }).catch(() => {
      app.moved = true;
      app.tablet?.lock();
      app.tablet?.line?.stop();
      app.show();
    });
  });
}

function watchIdleness() {
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => { app.touched = Date.now(); }, { capture: true, passive: true });
  setInterval(() => {
    if (app.tablet.session && Date.now() - app.touched > IDLE_MS) app.lock(t("locked_idle"));
    else app.status();
  }, 5000);
}

async function start() {
  speak((await store.fact("language")) ?? "zh");
  if (!isSecureContext || !("locks" in navigator)) throw new Cannot("insecure");
  await takeTheFloor();
  app.tablet = await Tablet.load(() => app.status());
  addEventListener("hashchange", () => app.show());
  addEventListener("unhandledrejection", (event) => { say(explain(event.reason)); trouble.prepend(notice("stopped", explain(event.reason))); });
  await app.show();
  watchIdleness();
  const idle = ({ session, kept, confirmed, photosWaiting } = app.tablet) => !session && kept === confirmed && !photosWaiting;
  app.takeOver = await startWorker(() => idle() && !main.querySelector("input:focus")).catch(() => () => {}); // what is wrong is named by the check
  await navigator.serviceWorker?.ready;
  if (app.tablet.device) await app.check();
}

start().catch((error) => {
  speak(speaks());
  main.replaceChildren(h("h1", {}, t("title")), notice("stopped", explain(error)));
});
