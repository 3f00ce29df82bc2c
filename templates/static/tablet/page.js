/* Pieces of the page: words in both languages, elements, dialogs, scanning a code where the browser can. */
import words from "./words.js";

let language = "zh";

export const languages = { zh: "zh-CN", en: "en" };
export const speaks = () => language;
export function speak(name) {
  language = name in words ? name : "zh";
  document.documentElement.lang = languages[language];
  document.title = t("title");
}

/** The words of a key in the present language, its places filled. */
export function t(key, facts = {}) {
  return words[language][key].replace(/%\((\w+)\)s/g, (whole, name) => String(facts[name] ?? whole));
}

/** A name in the present language: of {name, name_en}, {name_zh, name_en}, {zh, en}. */
export function said(thing, field = "name") {
  const zh = thing[`${field}_zh`] ?? thing[field] ?? thing.zh ?? "";
  const en = thing[`${field}_en`] ?? thing.en ?? "";
  return language === "en" ? en || zh : zh || en;
}

/** An element: h("p", {class: "note", onclick: f}, "text", child, …); null children drop out. */
export function h(tag, given = {}, ...children) {
  const made = tag.startsWith("svg:") ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "checked" || name === "value" || name === "disabled") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false).map((one) => (one instanceof Node ? one : String(one))));
  return made;
}

export const button = (label, onclick, kind = "", more = {}) => h("button", { type: "button", class: `button${kind ? ` button-${kind}` : ""}`, onclick, ...more }, label);
export const notice = (tone, ...children) => h("div", { class: `notice sign tone-${tone}`, role: tone === "stopped" || tone === "warning" ? "alert" : null }, h("div", {}, ...children));
export const chip = (label, tone = "plain") => h("span", { class: `chip tone-${tone}` }, label);

export function field(id, label, more = {}, hint = "") {
  const input = h(more.rows ? "textarea" : "input", { class: "input", id, name: id, autocomplete: "off", "aria-describedby": hint ? `${id}-hint` : null, ...more });
  return h("div", { class: "field" }, h("label", { for: id }, label), hint ? h("span", { class: "hint", id: `${id}-hint` }, hint) : null, input);
}

export const facts = (pairs) => h("dl", { class: "facts" }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

export function time(moment) {
  return new Intl.DateTimeFormat(languages[language], { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" }).format(new Date(moment));
}
export function day(moment) {
  return new Intl.DateTimeFormat(languages[language], { month: "long", day: "numeric", weekday: "short", timeZone: "Asia/Shanghai" }).format(new Date(moment));
}
/** A span of time in words: 40 s, 3 min, 2 h 5 min. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.round(Math.abs(milliseconds) / 1000));
  if (seconds < 60) return t("seconds", { n: seconds });
  if (seconds < 3600) return t("minutes", { n: Math.floor(seconds / 60) });
  return t("hours", { h: Math.floor(seconds / 3600), m: Math.floor((seconds % 3600) / 60) });
}

/** Say something to people who listen instead of look. */
export function say(text) { document.getElementById("live").textContent = text; }

/** Ask with a dialog: `build(form)` fills it, `submit(data)` may throw to stay open. Resolves to what submit returned, or null. */
export function ask(title, children, label, submit, kind = "primary") {
  return new Promise((resolve) => {
    const problem = h("p", { class: "problem sign tone-stopped", role: "alert", hidden: true });
    const go = h("button", { type: "submit", class: `button button-${kind}` }, label);
    const form = h("form", { class: "stack", method: "dialog", onsubmit: async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        const found = await submit(Object.fromEntries(new FormData(form)));
        resolve(found ?? true);
        dialog.close();
      } catch (error) {
        problem.textContent = explain(error);
        problem.hidden = false;
      }
      go.disabled = false;
    } }, h("h2", { id: "dialog-title" }, title), children, problem, h("div", { class: "actions" }, go, button(t("cancel"), () => dialog.close(), "quiet")));
    const dialog = h("dialog", { class: "tablet-dialog", "aria-labelledby": "dialog-title", onclose: () => { dialog.remove(); resolve(null); } }, form);
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** What went wrong, in words: ours by their key, the server's as it said them. */
export function explain(error) {
  if (error.key) return t(error.key, error.facts);
  if (error.words) return [error.words.title, error.words.detail, ...(error.words.problems ?? []).map((one) => one.message)].filter(Boolean).join(" ");
  if (error.constructor.name === "NoLine") return t("no_line_now");
  if (error.constructor.name === "StoreFull") return t("store_full");
  if (error.constructor.name === "StoreClosed") return t("store_closed");
  return t("defect", { what: `${error.name}: ${error.message}` });
}

// ---- scanning ----
export const canScan = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

/** Scan a QR code with the camera; the text, or null when it was given up. */
export function scan(title) {
  return new Promise((resolve) => {
    const video = h("video", { class: "scan-video", playsinline: true, muted: true });
    const note = h("p", { class: "note", role: "status" }, t("scan_hint"));
    let stream = null, found = null;
    const dialog = h("dialog", { class: "tablet-dialog", "aria-labelledby": "scan-title", onclose: () => {
      stream?.getTracks().forEach((track) => track.stop());
      dialog.remove();
      resolve(found);
    } }, h("h2", { id: "scan-title" }, title), video, note, h("div", { class: "actions" }, button(t("cancel"), () => dialog.close())));
    document.body.append(dialog);
    dialog.showModal();
    (async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        video.srcObject = stream;
        await video.play();
        const detector = new BarcodeDetector({ formats: ["qr_code"] });
        while (dialog.open) {
          const [code] = await detector.detect(video);
          if (code) { found = code.rawValue; dialog.close(); }
          await new Promise((next) => setTimeout(next, 150));
        }
      } catch {
        note.textContent = t("scan_failed");
      }
    })();
  });
}
