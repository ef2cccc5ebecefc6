// Annotations in and out: every format, what it cannot hold said before, a preview that can be changed, undo.

import { addressOf } from "../router.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { OF_LIBRARY } from "../sync/library.js";
import { clock, counted, el, finder, toast } from "./dom.js";

/** @import { Calls, FormatInfo, ImportPart, ImportPreview, PastImport, Renamed, Said, Server } from "../types.js" */

/** A video, by what is needed of it. @typedef {{ id: string }} Video */

const PAST_SHOWN = 5;
const DIFFERENT_SHOWN = 4;

/** What a person wants otherwise than the file says: names of tracks, labels and videos, what columns are, how many
 * frames a second it counts (0: as it says); and what becomes of annotations that are different here.
 * @typedef {{ [name: string]: string }} Names
 * @returns {{ tracks: Names, labels: Names, videos: Names, columns: Names, fps: number, different: string }}
 */
const noChoices = () => ({ tracks: {}, labels: {}, videos: {}, columns: {}, fps: 0, different: "keep" });

/** What one of a file becomes here. */
const NOUNS = { annotations: "segment", lines: "transcript line" };

const boxesOverTime = (/** @type {number} */ count) => (count === 1 ? "1 box over time" : `${count} boxes over time`);

/** What an import added and changed, as a sentence. @param {Omit<ImportPreview, "columns" | "fps">} made */
function whatCame({ kind, segments, lines, changed, objects = 0, boxes = 0, curves = 0, cameras = 0 }) {
  const added = [
    segments ? counted(segments, NOUNS[kind]) : "",
    lines ? `${counted(lines, "line")} of the transcript` : "",
    objects ? boxesOverTime(objects) : "",
    boxes ? `boxes of ${counted(boxes, "row")}` : "",
    curves ? counted(curves, "curve") : "",
    cameras ? `${counted(cameras, "camera")} on the timeline` : "",
  ].filter(Boolean);
  const said = added.length ? added.join(" and ") : counted(0, NOUNS[kind]);
  return `${said} imported` + (changed ? `, ${changed} changed.` : ".");
}

export class Exchange {
  /** @type {FormatInfo[]} */
  formats = [];
  /** Those that have nothing but boxes over time. @type {{ name: string, title: string, extension: string }[]} */
  ofBoxes = [];
  /** @type {Video | null} */
  doc = null;
  /** The token of the file that is to be imported. @type {string | null} */
  upload = null;
  name = "";
  /** The names of the columns of the file, should it be a table. @type {string[]} */
  columns = [];
  request = noChoices();
  /** Counts what is asked about a file: an answer is of use until the next question. */
  #turn = 0;
  /** The same of what an export would lose. */
  #losses = 0;

  /**
   * @param {HTMLDialogElement} exporting
   * @param {HTMLDialogElement} importing
   * @param {Server} server
   * @param {(imported: string | null) => (() => void) | null} done is told when annotations came, by which import, or
   *   went; answers how to take that back
   */
  constructor(exporting, importing, server, done) {
    this.exporting = exporting;
    this.importing = importing;
    this.server = server;
    this.done = done;
    const [inExport, inImport] = [finder(exporting), finder(importing)];
    /** @type {typeof inExport} */
    const $ = (/** @type {string} */ id, /** @type {any} */ tag = "") =>
      (id.startsWith("export") ? inExport : inImport)(id, tag);
    this.$ = $;
    const file = $("import-file", "input");
    this.exportFormat = $("export-format", "select");
    this.exportKind = $("export-kind", "select");
    this.format = $("import-format", "select");
    this.kind = $("import-kind", "select");
    this.scope = $("import-scope", "select");
    this.fps = $("import-fps", "input");
    this.go = $("import-go", "button");
    $("export-format").addEventListener("change", () => this.showLosses());
    $("export-kind").addEventListener("change", () => this.showLosses());
    $("export-close").addEventListener("click", () => exporting.close());
    $("export-go").addEventListener("click", () => exporting.close());
    file.addEventListener("change", () => this.send(file));
    $("import-format").addEventListener("change", () => {
      this.several = false;
      this.preview();
    });
    $("import-kind").addEventListener("change", () => this.preview());
    this.shift = $("import-shift", "input");
    this.shift.addEventListener("change", () => this.preview());
    $("import-scope").addEventListener("change", () => this.preview());
    this.fps.addEventListener("change", () => {
      this.request.fps = Number(this.fps.value) || 0;
      this.preview();
    });
    this.different = $("import-different", "select");
    this.different.addEventListener("change", () => {
      this.request.different = this.different.value;
      this.preview();
    });
    $("import-go").addEventListener("click", () => this.apply());
    importing.addEventListener("close", () => this.drop());
    $("import-close").addEventListener("click", () => importing.close());
  }

  async known() {
    if (!this.formats.length)
      ({ formats: this.formats, of_boxes: this.ofBoxes } = await call(this.server, "formats", {}));
    return this.formats;
  }

  // ---------------------------------------------------------------- out

  /** @param {Video} doc */
  async showExport(doc) {
    this.doc = doc;
    const writable = (await this.known()).filter((format) => format.writes);
    const select = this.exportFormat;
    if (!select.options.length)
      select.append(
        ...[...writable, ...this.ofBoxes].map((f) =>
          el("option", { value: f.name, text: `${f.title} (${f.extension})` }),
        ),
      );
    this.$("export-choice").hidden = true; // until it is known that there is something to choose from
    this.exporting.showModal();
    await this.showLosses();
  }

  async showLosses() {
    const format = this.exportFormat.value;
    const video = this.doc?.id ?? "";
    const [choice, isEither] = [this.$("export-choice"), this.formats.some((f) => f.name === format && f.either)];
    const kind = isEither && !choice.hidden ? this.exportKind.value : "";
    this.$("export-go", "a").href = `/export/${video}?format=${encodeURIComponent(format)}&kind=${kind}`;
    const turn = ++this.#losses;
    /** @type {Calls["export_preview"][1]} */
    let preview;
    try {
      preview = await call(this.server, "export_preview", { video, format, kind });
    } catch (error) {
      if (turn !== this.#losses) return;
      this.$("export-go").hidden = true;
      this.$("export-lost").replaceChildren(el("p", { class: "error", text: messageOf(error) }));
      return;
    }
    if (turn !== this.#losses) return; // another video or format was chosen since
    const { lost, kinds, fits } = preview;
    if (!kind && kinds.length) [this.exportKind.value] = kinds;
    choice.hidden = !kinds.length;
    this.$("export-go").hidden = !fits;
    if (!fits) {
      this.$("export-lost").replaceChildren(...lost.map((text) => el("p", { class: "error", text })));
      return;
    }
    this.$("export-lost").replaceChildren(
      ...(lost.length
        ? [
            el("p", { text: "This format cannot store everything:" }),
            el("ul", {}, ...lost.map((text) => el("li", { text }))),
          ]
        : [el("p", { class: "muted", text: "This format stores everything." })]),
    );
  }

  // ---------------------------------------------------------------- in

  /** @param {Video} doc */
  async showImport(doc) {
    this.doc = doc;
    this.reset();
    const { imports } = await call(this.server, "imports", {});
    const shown = imports.filter((past) => !past.undone).slice(0, PAST_SHOWN);
    this.$("import-past").replaceChildren(...shown.map((past) => this.pastRow(past)));
    this.importing.showModal();
  }

  /** @param {PastImport} past */
  pastRow(past) {
    const { annotations, objects, lines, curves = 0, cameras = 0 } = past;
    const isOnly = past.kind === "lines" || (!annotations && (objects || lines || curves || cameras));
    const count = [
      isOnly ? "" : counted(annotations, "annotation"),
      objects ? boxesOverTime(objects) : "",
      lines || past.kind === "lines" ? counted(lines, "line") : "",
      curves ? counted(curves, "curve") : "",
      cameras ? counted(cameras, "camera") : "",
    ]
      .filter(Boolean)
      .join(", ");
    const who = `${past.annotator || "somebody"}, ${new Date(past.at).toLocaleString()}`;
    return el(
      "li",
      {},
      el("span", { dir: "auto", text: `${past.file}: ${count}, ${who} ` }),
      el("button", {
        class: "link",
        type: "button",
        text: "Undo",
        disabled: Boolean(past.fixed),
        title: past.fixed || null,
        onclick: (event) => this.undo(past, event.target),
      }),
    );
  }

  reset() {
    this.upload = null;
    this.request = noChoices();
    this.$("import-shown").hidden = true;
    this.$("import-message").textContent = "";
    this.go.disabled = true;
    this.go.textContent = "Import";
    this.format.value = "";
    this.several = false;
    this.scope.value = "all";
    this.shift.value = "";
    this.columns = [];
    this.different.value = "keep";
    this.$("import-rate").hidden = true;
    const table = this.$("import-table", "details");
    table.hidden = true;
    table.open = false;
  }

  /** @param {HTMLInputElement} input */
  async send(input) {
    const [file] = input.files ?? [];
    input.value = "";
    if (!file) return;
    this.drop();
    this.reset();
    const turn = ++this.#turn;
    const address = `/incoming?name=${encodeURIComponent(file.name)}`;
    const { ok, data, error } = await fetch(address, { method: "POST", headers: OF_LIBRARY, body: file })
      .then((reply) => reply.json())
      .catch(() => ({ ok: false, error: "This file could not be sent." }));
    if (turn !== this.#turn) {
      if (ok) this.#forget(data.upload); // another file was chosen since, or the dialog was closed
      return;
    }
    if (!ok) {
      this.$("import-message").textContent = error;
      return;
    }
    this.upload = data.upload;
    this.name = data.name;
    this.columns = data.columns;
    try {
      await this.known();
    } catch (error) {
      this.$("import-message").textContent = messageOf(error);
      return;
    }
    if (turn !== this.#turn) return;
    const readable = this.formats.filter((format) => format.reads);
    const likely = new Set(data.formats);
    const select = this.format;
    const option = (/** @type {FormatInfo} */ f) => el("option", { value: f.name, text: f.title });
    select.replaceChildren(
      ...readable.filter((f) => likely.has(f.name)).map(option),
      el("optgroup", { label: "All formats" }, ...readable.filter((f) => !likely.has(f.name)).map(option)),
    );
    // a table whose columns are not clear yet can still be read as one
    const isTable = (/** @type {FormatInfo} */ f) => data.columns.length > 1 && f.columns.length > 0;
    // what is wrong with a file that no format takes is said by the one that its name ends in
    const isNamed = (/** @type {FormatInfo} */ f) => file.name.toLowerCase().endsWith(f.extension.toLowerCase());
    const format = data.formats[0] ?? (readable.find(isTable) ?? readable.find(isNamed))?.name;
    if (format) select.value = format;
    this.kind.value = "lines"; // what subtitles are for, where the format is one of subtitles
    await this.preview();
  }

  get wanted() {
    const { upload, name, doc, request } = this;
    const many = this.formats.find((f) => f.name === this.format.value);
    return {
      upload,
      name,
      format: this.format.value,
      kind: many?.lines ? this.kind.value : "annotations",
      shift: this.shift.value,
      annotator: currentUser(),
      ...(doc && !(this.several && this.scope.value === "all") ? { video: doc.id } : {}),
      ...request,
    };
  }

  async preview() {
    if (!this.upload) return;
    const turn = ++this.#turn;
    const format = this.formats.find((f) => f.name === this.format.value);
    const field = this.kind.closest("label");
    if (field) field.hidden = !format?.lines;
    this.showColumns(format?.columns ?? [], []);
    try {
      const preview = await call(this.server, "import_preview", this.wanted);
      if (turn !== this.#turn) return;
      if (!this.several && preview.parts.length > 1) {
        this.several = true;
        await this.preview();
        return;
      }
      this.show(preview);
      this.showColumns(format?.columns ?? [], preview.columns);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.$("import-shown").hidden = !this.shift.value; // where it is wrong it is there to be mended
      this.$("import-message").textContent = messageOf(error);
      this.go.disabled = true;
      this.$("import-table", "details").open = true; // perhaps what its columns are is what it needs to be told
    }
  }

  /** Whether the file that is to be imported is about several videos. */
  get several() {
    return !(/** @type {HTMLElement} */ (this.scope.closest("label")).hidden);
  }

  set several(several) {
    /** @type {HTMLElement} */ (this.scope.closest("label")).hidden = !several;
  }

  /** @param {ImportPreview} preview */
  show(preview) {
    const {
      kind,
      parts,
      tracks,
      labels,
      segments,
      already,
      changed,
      lines,
      lines_already,
      problems,
      sample,
      fps,
      cameras = 0,
      objects = 0,
      boxes = 0,
      curves = 0,
    } = preview;
    const { $ } = this;
    this.showDifferent(preview);
    $("import-rate").hidden = fps === null;
    if (fps !== null) this.fps.value = String(fps);
    $("import-message").textContent = problems.join(" ");
    const here = already ? `; ${already} more ${already === 1 ? "is" : "are"} here already, unchanged` : "";
    const videos = parts.length > 1 ? `, of ${parts.length} videos` : "";
    const said = lines || lines_already ? `; of the transcript ${counted(lines, "new line")}` : "";
    const known = lines_already ? `, ${lines_already} here already` : "";
    const beside = cameras ? `; ${counted(cameras, "camera")} put on the timeline` : "";
    const drawn =
      (objects ? `; ${boxesOverTime(objects)}` : "") +
      (boxes ? `; boxes of ${counted(boxes, "row")}` : "") +
      (curves ? `; ${counted(curves, "curve")}` : "");
    $("import-counts").textContent =
      `${counted(segments, "new " + NOUNS[kind])}${videos}${here}${said}${known}${drawn}${beside}`;
    $("import-parts").replaceChildren(...parts.map((part) => this.partRow(part)));
    $("import-names").hidden = kind === "lines"; // a transcript has neither
    $("import-tracks").replaceChildren(...tracks.map((row) => this.renameRow(row, this.request.tracks)));
    $("import-labels").replaceChildren(...labels.map((row) => this.renameRow(row, this.request.labels)));
    const rowOf = (/** @type {{ track: string }} */ s) => (kind === "lines" ? "" : s.track + ": ");
    $("import-sample").replaceChildren(
      ...sample
        .slice(0, 6)
        .map((s) => el("li", { dir: "auto", text: `${clock(s.start)} – ${clock(s.end)}  ${rowOf(s)}${s.label}` })),
    );
    $("import-shown").hidden = false;
    const all = segments + lines + changed + objects + boxes + curves + cameras;
    this.go.disabled = all === 0;
    this.go.textContent = `Import ${all}`;
  }

  /** What is here otherwise than in the file, and what becomes of it. @param {ImportPreview} preview */
  showDifferent({ different, differences }) {
    const { $ } = this;
    $("import-differs").hidden = !different;
    $("import-differ-count").textContent = `${different} ${different === 1 ? "is" : "are"} different here:`;
    const said = (/** @type {Said} */ { track, label, note, start, end }) =>
      `${clock(start)} – ${clock(end)}  ${track}: ${label || "(no label)"}` + (note && ` (${note})`);
    $("import-differences").replaceChildren(
      ...differences
        .slice(0, DIFFERENT_SHOWN)
        .map(({ here, file }) =>
          el(
            "li",
            {},
            el("span", { class: "muted", text: "here " }),
            el("span", { dir: "auto", text: said(here) }),
            el("br"),
            el("span", { class: "muted", text: "file " }),
            el("span", { dir: "auto", text: said(file) }),
          ),
        ),
      ...(different > DIFFERENT_SHOWN ? [el("li", { text: `and ${different - DIFFERENT_SHOWN} more` })] : []),
    );
  }

  /** What each column of a table is, and a choice of what else it may be.
   * @param {string[]} roles
   * @param {ImportPreview["columns"]} known what they are taken for; none where the file could not be read so far
   */
  showColumns(roles, known) {
    const table = this.$("import-table", "details");
    table.hidden = !roles.length || !this.columns.length;
    const taken = new Map(known.map(({ name, to }) => [name, to]));
    this.$("import-columns").replaceChildren(
      ...this.columns.map((name) => this.columnRow(name, this.request.columns[name] ?? taken.get(name) ?? "", roles)),
    );
  }

  /**
   * @param {string} name
   * @param {string} is
   * @param {string[]} roles
   */
  columnRow(name, is, roles) {
    const select = el(
      "select",
      {
        "aria-label": `What the column ${name} is`,
        onchange: (event) => {
          this.request.columns[name] = event.target.value;
          this.preview();
        },
      },
      el("option", { value: "", text: "left out" }),
      ...roles.map((role) => el("option", { value: role, text: role })),
    );
    select.value = is;
    return el(
      "div",
      { class: "row" },
      el("span", { class: "grow", dir: "auto", text: name || "(no name)" }),
      "→",
      select,
    );
  }

  /** Which video a part of the file goes to and why, and a choice where that is not sure.
   * @param {ImportPart} part
   */
  partRow({ name, video, rule, likely, segments, problems }) {
    const trouble = problems.length ? ` — ${problems.join(" ")}` : "";
    const said = `${name || "(no name)"} → `;
    const counts = (rule && ` (${rule})`) + `: ${segments}${trouble}`;
    // in a tab of its own: this dialog is not done yet
    const there = video && addressOf("annotate", { video: video.id });
    const where = video
      ? el("a", { class: "link", href: there, target: "_blank", dir: "auto", text: video.name })
      : "left out";
    return el(
      "li",
      { dir: "auto" },
      el("span", {}, said, where, counts),
      likely.length ? this.videoChoice(name, likely) : null,
    );
  }

  /**
   * @param {string} name what the file calls the video
   * @param {ImportPart["likely"]} likely
   */
  videoChoice(name, likely) {
    return el(
      "select",
      {
        "aria-label": `Video for ${name || "the file"}`,
        onchange: (event) => {
          this.request.videos[name] = event.target.value;
          this.preview();
        },
      },
      el("option", { value: "", text: "Choose a video…", selected: true, disabled: true }),
      ...likely.map((video) =>
        el("option", { value: video.id, text: video.folder ? `${video.name} (${video.folder})` : video.name }),
      ),
    );
  }

  /** What a track or a label of the file becomes.
   * @param {Renamed} row
   * @param {{ [name: string]: string }} names is given the new name
   */
  renameRow(row, names) {
    return el(
      "div",
      { class: "row" },
      el("span", { class: "grow", dir: "auto", text: `${row.name || "(no label)"} (${row.segments})` }),
      "→",
      el("input", {
        type: "text",
        dir: "auto",
        maxlength: 500,
        value: row.to,
        "aria-label": `Becomes, for ${row.name || "no label"}`,
        onchange: (event) => {
          names[row.name] = event.target.value;
          this.preview();
        },
      }),
    );
  }

  async apply() {
    this.go.disabled = true;
    try {
      const made = await call(this.server, "import_apply", this.wanted);
      this.upload = null;
      this.importing.close();
      toast(whatCame(made), "info", this.done(made.import));
    } catch (error) {
      this.$("import-message").textContent = messageOf(error);
      this.go.disabled = false; // it can be tried again
    }
  }

  /**
   * @param {PastImport} past
   * @param {HTMLButtonElement} button
   */
  async undo(past, button) {
    button.disabled = true;
    try {
      const { removed, kept } = await call(this.server, "import_undo", { import: past.id, annotator: currentUser() });
      button.replaceWith(
        el("span", {
          class: "muted",
          text: `undone: ${removed} gone` + (kept ? `, ${kept} kept because somebody changed them since` : ""),
        }),
      );
      this.done(null);
    } catch (error) {
      this.$("import-message").textContent = messageOf(error);
    }
  }

  drop() {
    const { upload } = this;
    this.#turn += 1;
    this.upload = null;
    if (upload) this.#forget(upload);
  }

  /** The server need not keep a file any more. @param {string} upload */
  #forget(upload) {
    call(this.server, "import_drop", { upload }).catch(() => {});
  }
}
