// Annotations in and out: every format, what it cannot hold said before, a preview that can be changed, undo.

import { call } from "../sync/api.js";
import { annotator } from "../sync/current-user.js";
import { clock, counted, el, toast } from "./dom.js";

export class Exchange {
  // `exporting` and `importing` are the dialogs; done() is told when annotations came or went.
  constructor(exporting, importing, server, done) {
    Object.assign(this, { exporting, importing, server, done });
    this.formats = [];
    const $ = (id) => exporting.querySelector(`#${id}`) ?? importing.querySelector(`#${id}`);
    this.$ = $;
    $("export-format").addEventListener("change", () => this.showLosses());
    $("export-close").addEventListener("click", () => exporting.close());
    $("export-go").addEventListener("click", () => exporting.close());
    $("import-file").addEventListener("change", (event) => this.send(event.target));
    $("import-format").addEventListener("change", () => this.preview());
    $("import-kind").addEventListener("change", () => this.preview());
    $("import-go").addEventListener("click", () => this.apply());
    importing.addEventListener("close", () => this.drop());
    $("import-close").addEventListener("click", () => importing.close());
  }

  async known() {
    if (!this.formats.length) this.formats = (await call(this.server, "formats")).formats;
    return this.formats;
  }

  // ---------------------------------------------------------------- out

  async showExport(doc) {
    this.doc = doc;
    const writable = (await this.known()).filter((format) => format.writes);
    const select = this.$("export-format");
    if (!select.options.length)
      select.append(...writable.map((f) => el("option", { value: f.name, text: `${f.title} (${f.extension})` })));
    this.exporting.showModal();
    await this.showLosses();
  }

  async showLosses() {
    const format = this.$("export-format").value;
    this.$("export-go").href = `/export/${this.doc.id}?format=${encodeURIComponent(format)}`;
    const { lost } = await call(this.server, "export_preview", { video: this.doc.id, format });
    if (format !== this.$("export-format").value) return;
    this.$("export-lost").replaceChildren(
      ...(lost.length
        ? [
            el("p", { text: "This format cannot hold everything:" }),
            el("ul", {}, ...lost.map((text) => el("li", { text }))),
          ]
        : [el("p", { class: "muted", text: "Nothing is lost." })]),
    );
  }

  // ---------------------------------------------------------------- in

  async showImport(doc) {
    this.doc = doc;
    this.reset();
    const { imports } = await call(this.server, "imports");
    this.$("import-past").replaceChildren(
      ...imports
        .filter((past) => !past.undone)
        .slice(0, 5)
        .map((past) =>
          el(
            "li",
            {},
            el("span", {
              dir: "auto",
              text: `${past.file}: ${past.annotations} ${past.kind === "lines" ? "lines" : "annotations"}, ${past.annotator || "somebody"}, ${new Date(past.at).toLocaleString()} `,
            }),
            el("button", {
              class: "link",
              type: "button",
              text: "Undo",
              onclick: (event) => this.undo(past, event.target),
            }),
          ),
        ),
    );
    this.importing.showModal();
  }

  reset() {
    this.upload = null;
    this.request = { tracks: {}, labels: {}, videos: {} };
    this.$("import-shown").hidden = true;
    this.$("import-said").textContent = "";
    this.$("import-go").disabled = true;
    this.$("import-format").value = "";
  }

  async send(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    await this.drop();
    this.reset();
    const reply = await fetch(`/incoming?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
    const { ok, data, error } = await reply.json().catch(() => ({ ok: false, error: "This file could not be sent." }));
    if (!ok) {
      this.$("import-said").textContent = error;
      return;
    }
    this.upload = data.upload;
    this.name = data.name;
    const readable = (await this.known()).filter((format) => format.reads);
    const likely = new Set(data.formats);
    const select = this.$("import-format");
    const option = (f) => el("option", { value: f.name, text: f.title });
    select.replaceChildren(
      ...readable.filter((f) => likely.has(f.name)).map(option),
      el("optgroup", { label: "All formats" }, ...readable.filter((f) => !likely.has(f.name)).map(option)),
    );
    if (data.formats.length) select.value = data.formats[0];
    this.$("import-kind").value = "lines"; // what subtitles are for, where the format is one of subtitles
    await this.preview();
  }

  get wanted() {
    const { upload, name, doc, request } = this;
    const many = this.formats.find((f) => f.name === this.$("import-format").value);
    return {
      upload,
      name,
      format: this.$("import-format").value,
      kind: many?.lines ? this.$("import-kind").value : "annotations",
      ...(doc ? { video: doc.id } : {}),
      ...request,
    };
  }

  async preview() {
    if (!this.upload) return;
    const format = this.formats.find((f) => f.name === this.$("import-format").value);
    this.$("import-kind").closest("label").hidden = !format?.lines;
    try {
      this.show(await call(this.server, "import_preview", this.wanted));
    } catch (error) {
      this.$("import-shown").hidden = true;
      this.$("import-said").textContent = error.message;
      this.$("import-go").disabled = true;
    }
  }

  show({ parts, tracks, labels, segments, already, problems, sample }) {
    const { $ } = this;
    $("import-said").textContent = problems.join(" ");
    $("import-counts").textContent =
      `${counted(segments, "segment")}${already ? `, ${already} of them here already (they are left out)` : ""}${parts.length > 1 ? `, of ${parts.length} videos` : ""}`;
    $("import-parts").replaceChildren(
      ...parts.map((part) =>
        el("li", {
          dir: "auto",
          text: `${part.name || "(no name)"} → ${part.video ? part.video.name : "no video of this library; it is left out"}: ${part.segments}${part.problems.length ? ` — ${part.problems.join(" ")}` : ""}`,
        }),
      ),
    );
    const mapping = (rows, into) =>
      rows.map((row) =>
        el(
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
            onchange: (e) => {
              this.request[into][row.name] = e.target.value;
              this.preview();
            },
          }),
        ),
      );
    $("import-tracks").replaceChildren(...mapping(tracks, "tracks"));
    $("import-labels").replaceChildren(...mapping(labels, "labels"));
    $("import-sample").replaceChildren(
      ...sample
        .slice(0, 6)
        .map((s) => el("li", { dir: "auto", text: `${clock(s.start)} – ${clock(s.end)}  ${s.track}: ${s.label}` })),
    );
    $("import-shown").hidden = false;
    $("import-go").disabled = segments - already <= 0;
    $("import-go").textContent = `Import ${Math.max(0, segments - already)}`;
  }

  async apply() {
    this.$("import-go").disabled = true;
    try {
      const made = await call(this.server, "import_apply", { ...this.wanted, annotator: annotator() });
      this.upload = null;
      this.importing.close();
      toast(`${made.segments - made.already} imported. Open Import again to undo it.`);
      this.done();
    } catch (error) {
      this.$("import-said").textContent = error.message;
    }
  }

  async undo(past, button) {
    button.disabled = true;
    try {
      const { removed, kept } = await call(this.server, "import_undo", { import: past.id, annotator: annotator() });
      button.replaceWith(
        el("span", {
          class: "muted",
          text: `undone: ${removed} gone${kept ? `, ${kept} kept because somebody changed them since` : ""}`,
        }),
      );
      this.done();
    } catch (error) {
      this.$("import-said").textContent = error.message;
    }
  }

  async drop() {
    const { upload } = this;
    this.upload = null;
    if (upload) await call(this.server, "import_drop", { upload }).catch(() => {});
  }
}
