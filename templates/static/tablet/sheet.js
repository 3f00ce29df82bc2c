/* One score sheet on the tablet: rows, overtime, note, photos, safety stop; what is missing; the signature. Each change is an
 * event that is on the disk before the line says so. The sum is a preview: the server adds.
 */
import { ask, button, explain, field, h, notice, said, say, scan, canScan, span, t, time } from "./page.js";
import { redraw } from "./photo.js";
import { download } from "./device.js";
import { rowOf, stepper } from "./rows.js";
import { missing, readEntry, rowsOf, safetyStopped } from "./score.js";
import { Cannot } from "./tablet.js";

const TEXT_MOST = 500;

/** Where a candidate is: {room, candidate}. */
export function placeOf(tablet, sitting) {
  for (const room of tablet.session.rooms) {
    const candidate = room.candidates.find((one) => one.sitting === sitting);
    if (candidate) return { room, candidate };
  }
  return null;
}

export async function sheet(app, sitting) {
  const { tablet } = app;
  const place = placeOf(tablet, sitting);
  if (!place) return [h("h1", {}, t("sheet")), notice("warning", t("not_in_pack")), button(t("back_to_list"), () => app.go("#stations"))];
  let own = tablet.newest(sitting);
  if (own.signed) { app.go(`#proof/${sitting}/${own.version}`); return [h("h1", {}, t("sheet"))]; }
  if (!own.opened && !own.reason) await tablet.write("opened", own, {});
  own = tablet.newest(sitting);
  return new Sheet(app, place, own).draw();
}

class Sheet {
  constructor(app, { room, candidate }, own) {
    Object.assign(this, { app, tablet: app.tablet, room, candidate, definition: room.sheet, key: { sitting: own.sitting, version: own.version } });
    this.rows = [];
  }

  get own() { return this.tablet.newest(this.key.sitting); }

  async draw() {
    this.words = await this.tablet.draft(this.own);
    const title = said(this.definition, "title");
    const parts = [
      h("header", { class: "page-head" }, h("div", {}, h("h1", {}, t("station_of", { n: this.candidate.seat, title })), h("p", { class: "lead" }, `${said(this.room.certificate)} · ${said(this.room)}`)), h("div", { class: "actions" }, button(t("back_to_list"), () => this.app.go("#stations")))),
      ...this.notices(), this.who(),
      h("form", { class: "stack sheet-form", autocomplete: "off", onsubmit: (event) => event.preventDefault() },
        ...this.definition.sections.map((section) => this.section(section)), this.rest(), this.bar()),
    ];
    this.show();
    return parts;
  }

  notices() {
    const found = [];
    const { own, candidate } = this;
    if (own.rerun) found.push(notice("warning", t("is_rerun")));
    else if (own.reason) found.push(notice("warning", t("is_correction", { n: own.version, reason: own.reason })));
    if (own.stopped) found.push(notice("stopped", t("is_stopped", { reason: own.stopped.reason })));
    if (!candidate.present) found.push(notice("warning", t(candidate.status === "absent" ? "marked_absent" : "not_checked_in", { at: time(this.tablet.pack.got_at) })));
    return found;
  }

  who() {
    const { candidate, room } = this;
    const left = h("b", { class: "num", "data-refresh": true });
    const ends = h("span", { class: "note" });
    const tick = () => { ends.textContent = t("ends_at", { at: time(candidate.ends_at) }); const rest = new Date(candidate.ends_at) - this.tablet.now(); left.textContent = rest >= 0 ? t("left", { t: span(rest) }) : t("over", { t: span(rest) }); };
    left.addEventListener("refresh", tick);
    tick();
    return h("section", { class: "sheet-who" },
      candidate.photo ? h("img", { class: "sheet-photo", src: candidate.photo, width: 96, height: 128, alt: t("photo_of", { n: candidate.seat }) }) : null,
      h("dl", { class: "facts grow" }, [[t("ticket"), candidate.ticket], [t("station"), candidate.seat], [t("component"), said(room.component)], [t("version"), this.key.version]].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
      h("div", { class: "sheet-clock" }, ends, left));
  }

  section(section) {
    const points = section.rows.reduce((sum, row) => sum + Number(row.points ?? 0), 0);
    const facts = [t(`dimension_${section.dimension}`), t("points_of", { n: points }), section.gate ? t("gate_of", { n: section.gate }) : ""].filter(Boolean).join(" · ");
    return h("section", { class: "sheet-section", "aria-labelledby": `section-${section.code}` }, h("h2", { id: `section-${section.code}` }, `${section.code} ${said(section)} `, h("span", { class: "note" }, facts)),
      section.rows.map((row) => {
        const proof = row.kind === "veto" ? this.proof(row) : null;
        const made = rowOf(row, this.own, (one, typed) => this.enter(one, typed), [proof, this.photos(row.code)]);
        this.rows.push(made);
        return made.element;
      }));
  }

  /** Keep one entry; words when it is not kept. */
  async enter(row, typed) {
    const before = this.own.answers[row.code];
    const value = String(typed).trim() === "" ? null : readEntry(row, typed);
    if (value === undefined) { say(t("not_kept", { row: row.code })); return before === undefined ? t("not_kept", { row: row.code }) : t("not_kept_before", { row: row.code, before }); }
    if (value === (before ?? null)) return null;
    return this.write("answered", { row: row.code, value });
  }

  async write(kind, data) {
    try {
      await this.tablet.write(kind, this.key, data);
    } catch (error) {
      this.show();
      say(explain(error));
      return explain(error);
    }
    this.show();
    return null;
  }

  /** What a veto item needs once it is said to have happened: words or a photo, or a second person at the signature. */
  proof(row) {
    const text = h("textarea", { class: "input", rows: 2, maxlength: TEXT_MOST, "aria-label": t("evidence_for", { row: row.code }), value: this.words[row.code] ?? "", onchange: () => this.keepWords(row, text.value) });
    let timer = 0;
    text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => this.keepWords(row, text.value), 700); });
    const place = h("div", { class: "stack-tight tablet-proof", "data-proof": row.code, hidden: true }, h("p", { class: "note" }, t(`proof_${row.proof ?? "either"}`)), row.proof === "none" ? null : text);
    return place;
  }

  async keepWords(row, text) {
    this.words = { ...this.words, [row.code]: text.trim() };
    await this.tablet.keepDraft(this.own, this.words);
    this.show();
  }

  photos(code) {
    const list = h("span", { class: "row tablet-photos", "data-photos": code });
    const input = h("input", { type: "file", accept: "image/*", capture: "environment", class: "hidden-visually", id: `photo-${code}`, "aria-label": t("photo_for", { row: code }), onchange: () => this.take(code, input) });
    return h("div", { class: "row tablet-camera" }, list, h("label", { class: "button button-small", for: `photo-${code}` }, t("photo")), input);
  }

  async take(code, input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      await this.tablet.keepPhoto(this.key, code, await redraw(file));
      this.show();
    } catch (error) {
      if (!(error instanceof Cannot) || !error.key.startsWith("photo_")) { this.tell("stopped", explain(error)); return; }
      this.tell("stopped", explain(error), " ", button(t("keep_original"), async () => {
        try { await this.tablet.keepOriginal(this.key, code, file); this.tell("needs", t("original_kept", { name: file.name })); } catch (wrong) { this.tell("stopped", explain(wrong)); }
      }), button(t("save_original"), () => download(file.name, file.type, file)));
    }
  }

  rest() {
    const { overtime } = this.definition;
    const labels = { field: t("overtime_minutes"), less: t("minute_less"), more: t("minute_more"), unit: t("overtime_unit") };
    const problem = h("p", { class: "problem", role: "alert", hidden: true });
    const keep = async (typed) => {
      const text = String(typed).trim();
      if (text === "") return;
      const fits = /^\d{1,3}$/.test(text) && Number(text) <= overtime.stop_minutes;
      problem.hidden = fits;
      problem.textContent = fits ? "" : t("overtime_most", { n: overtime?.stop_minutes });
      if (fits && Number(text) !== this.own.overtime) await this.write("overtime", { minutes: Number(text) });
    };
    const note = h("textarea", { class: "input", id: "note", rows: 2, maxlength: 2000, value: this.own.note, onchange: () => this.note(note.value) });
    let timer = 0;
    note.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => this.note(note.value), 700); });
    return h("section", { class: "sheet-section" }, h("h2", {}, t("rest")),
      overtime ? h("div", { class: "sheet-row", id: "row-overtime", "data-row": "overtime" }, h("div", { class: "sheet-words" }, h("h3", {}, t("overtime")), h("p", { class: "note" }, t("overtime_rule", { every: overtime.every_minutes, points: overtime.points, stop: overtime.stop_minutes }))), h("div", { class: "sheet-entry" }, stepper("overtime", this.own.overtime, overtime.stop_minutes, labels, keep), problem), h("div", { class: "sheet-mark" })) : null,
      h("div", { class: "field" }, h("label", { for: "note" }, t("note")), note), this.photos(""),
      h("div", { class: "actions" }, button(t("stop"), () => this.stop(), "danger"), button(t("rerun"), () => this.rerun(), "quiet")));
  }

  async note(text) { if (text.trim() !== this.own.note) await this.write("noted", { text: text.trim() }); }

  bar() {
    this.missingWords = h("b", { class: "sheet-missing", "data-missing": true });
    this.first = button(t("to_first"), () => this.lead(), "", { class: "link", "data-first": true });
    this.total = h("b", { class: "num", "data-total": true });
    this.told = h("div", { id: "sheet-told" });
    return h("div", { class: "sheet-bar", id: "sheet-bar" }, this.told, h("p", {}, this.missingWords, " ", this.first),
      h("div", { class: "sheet-total" }, h("span", { class: "note" }, t("preview")), " ", this.total, h("span", { class: "note" }, ` / ${this.room.component.full_marks}`)),
      h("div", { class: "actions" }, button(t("sign"), () => this.sign(), "primary", { id: "sign", "data-sign": true })));
  }

  tell(tone, ...children) { this.told.replaceChildren(notice(tone, ...children)); }

  /** Draw what follows from the entries. */
  show() {
    if (!this.tablet.session) return; // locked in between: what was entered is kept
    const { own, definition } = this;
    const score = this.tablet.preview(definition, own);
    this.blank = missing(definition, own.answers, own.overtime);
    for (const row of this.rows) row.show(own, score, this.blank);
    for (const place of this.rows.map((row) => row.element.querySelector("[data-proof]")).filter(Boolean)) place.hidden = own.answers[place.dataset.proof] !== true;
    for (const list of document.querySelectorAll("[data-photos]")) this.showPhotos(list);
    for (const row of this.rows) { const list = row.element.querySelector("[data-photos]"); if (list) this.showPhotos(list); }
    document.getElementById("row-overtime")?.classList.toggle("sheet-row-missing", this.blank.includes("overtime"));
    this.missingWords.textContent = this.blank.length ? t("missing", { n: this.blank.length }) : t("complete");
    this.first.hidden = !this.blank.length;
    this.total.textContent = score.total;
  }

  showPhotos(list) {
    const kept = this.own.evidence.filter((one) => one.row === list.dataset.photos);
    const mark = kept.map((one) => one.sha256).join(" ");
    if (list.dataset.shown === mark) return; // drawn already: nothing flickers while something else is entered
    list.dataset.shown = mark;
    list.replaceChildren(...(kept.length ? [t("photos_kept", { n: kept.length }), ...kept.map((one, at) => this.small(one.sha256, at + 1))] : []));
  }

  /** A kept photo as a small picture, opened with the key of who is signed in; it goes with the screen. */
  small(name, number) {
    const picture = h("img", { class: "tablet-photo", width: 44, height: 44, alt: t("photo_kept", { n: number }) });
    this.tablet.photo(name).then((bytes) => {
      if (!bytes) { picture.remove(); return; }
      const reader = new FileReader();
      reader.onload = () => { picture.src = reader.result; };
      reader.readAsDataURL(new Blob([bytes], { type: "image/jpeg" }));
    }).catch(() => picture.remove());
    return picture;
  }

  /** Go to the first row that is blank, was not kept, or lacks its evidence. */
  lead(code = this.blank[0]) {
    const place = document.getElementById(`row-${code}`);
    place?.scrollIntoView({ block: "center" });
    place?.querySelector("input, textarea")?.focus({ preventScroll: true });
  }

  // ---- signing ----
  evidence() {
    const found = {};
    for (const row of rowsOf(this.definition)) {
      if (row.kind !== "veto" || this.own.answers[row.code] !== true) continue;
      const photos = this.own.evidence.filter((one) => one.row === row.code).map((one) => one.sha256).slice(0, 6);
      if (this.words[row.code] || photos.length) found[row.code] = { text: this.words[row.code] ?? "", photos };
    }
    return found;
  }

  async sign() {
    this.told.replaceChildren();
    await Promise.all(this.rows.map((row) => row.kept()));
    const unkept = this.rows.find((row) => row.element.hasAttribute("data-unkept"));
    if (unkept) { this.tell("stopped", t("not_kept", { row: unkept.element.dataset.row })); this.lead(unkept.element.dataset.row); return; }
    if (this.blank.length) { this.tell("stopped", t("not_complete", { n: this.blank.length, first: this.blank[0] })); this.lead(); return; }
    const evidence = this.evidence();
    const happened = rowsOf(this.definition).filter((row) => row.kind === "veto" && this.own.answers[row.code] === true && row.proof !== "none");
    const bare = happened.find((row) => row.proof === "evidence" && !evidence[row.code]);
    if (bare) { this.tell("stopped", t("evidence_missing", { row: bare.code })); this.lead(bare.code); return; }
    const second = happened.some((row) => row.proof === "second" || !evidence[row.code]);
    const data = this.contents(evidence);
    if (second) await this.signTwo(data, happened);
    else await ask(t("sign_title", { n: this.candidate.seat }), [this.summary()], t("sign_go"), () => this.put(data));
  }

  contents(evidence) {
    const { own, definition } = this;
    const data = { answers: own.answers, overtime: definition.overtime ? own.overtime : null, note: own.note, sheet_sha256: this.room.sheet_sha256 };
    return Object.keys(evidence).length ? { ...data, evidence } : data;
  }

  summary() {
    const score = this.tablet.preview(this.definition, this.own);
    return h("div", { class: "stack-tight" }, h("p", {}, t("sign_text", { total: score.total, full: this.room.component.full_marks })), score.vetoes.length ? notice("stopped", t("sign_vetoes", { rows: score.vetoes.join(t("comma")) })) : null, safetyStopped(this.definition, this.own.answers) ? h("p", {}, t("sign_stopped")) : null);
  }

  async signTwo(data, happened) {
    const badge = field("second-badge", t("badge"), { class: "input input-code" }, t("second_hint"));
    const scanner = canScan() ? button(t("badge_scan"), async () => { const found = await scan(t("badge_scan")); if (found) badge.querySelector("input").value = found; }) : null;
    const pin = field("second-pin", t("pin"), { type: "password", inputmode: "numeric", maxlength: 6, class: "input input-code tablet-code" });
    await ask(t("second_title", { rows: happened.map((row) => row.code).join(t("comma")) }), [this.summary(), h("p", {}, t("second_text")), scanner, badge, pin, h("p", { class: "note" }, t("second_later"))], t("sign_go"), async (given) => {
      if (!given["second-badge"].trim()) return this.put(data);
      const person = await this.tablet.second(given["second-badge"], given["second-pin"], this.room);
      return this.put({ ...data, seconded: { account: person.account } });
    });
  }

  async put(data) {
    await this.tablet.write("signed", this.key, data);
    this.app.go(`#proof/${this.key.sitting}/${this.key.version}`);
  }

  // ---- safety stop, another attempt ----
  async stop() {
    const ends = rowsOf(this.definition).filter((row) => row.effect === "fail" || row.effect === "stop");
    const choose = h("select", { class: "input", id: "stop-row", name: "row" }, ends.map((row) => h("option", { value: row.code }, `${row.code} ${said(row)}`)), h("option", { value: "" }, t("stop_other")));
    await ask(t("stop_title"), [h("p", {}, t("stop_text")), h("div", { class: "field" }, h("label", { for: "stop-row" }, t("stop_row")), choose), field("reason", t("reason"), { required: true, rows: 2 })], t("stop_go"), async ({ row, reason }) => {
      if (!reason.trim()) throw new Cannot("reason_missing");
      await this.tablet.write("stopped", this.key, { row, reason: reason.trim() });
      if (row) {
        await this.tablet.write("answered", this.key, { row, value: true });
        if (!this.words[row]) await this.keepWords({ code: row }, reason.trim());
      }
      await this.app.show();
    }, "danger");
  }

  rerun() { return rerun(this.app, this.own); }
}

/** Another attempt after a fault: a sheet that is not signed begins blank again; a signed one gets a version that corrects it. */
export async function rerun(app, own) {
  const { tablet } = app;
  const done = await ask(t("rerun"), [h("p", {}, t(own.signed ? "rerun_signed" : "rerun_text")), field("reason", t("reason"), { required: true, rows: 2 })], t("rerun_go"), async (given) => {
    const reason = given.reason.trim();
    if (!reason) throw new Cannot("reason_missing");
    const key = { sitting: own.sitting, version: own.signed ? own.version + 1 : own.version };
    await tablet.write("rerun", key, { reason });
    if (own.signed) await tablet.write("corrected", key, { reason });
  });
  if (done) app.go(`#sheet/${own.sitting}`);
}
