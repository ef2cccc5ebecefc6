// What stands beside the timeline: jobs, the inspector of the selected segment, and the list of all segments.

import { call } from "./api.js";
import { clock, el } from "./dom.js";

const CHUNK = 400;
const TITLES = { index: "Indexing", proxy: "Making the video playable", ground: "Finding moments", speakers: "Finding speakers", emotions: "Finding emotions", survey: "Looking what is in here" };
const UNSURE = 0.5;

// ------------------------------------------------------------------ jobs

export function showJobs(box, jobs, since, { cancel, start }) {
  const recent = (job) => (job.state === "failed" && !jobs.some((j) => j.kind === job.kind && j.created > job.created)) || (job.created >= since && job.result?.note);
  const shown = jobs.filter((job) => ["queued", "running"].includes(job.state) || recent(job));
  box.replaceChildren(...shown.map((job) => {
    const title = TITLES[job.kind] ?? job.kind;
    if (job.state === "failed") {
      return el("p", { class: "error", text: `${title} failed: ${job.error} ` }, el("button", { class: "link", text: "Try again", onclick: () => start(job.kind) }));
    }
    if (job.state === "done") return el("p", { class: "muted", "data-kind": job.kind, text: job.result.note });
    const waiting = job.state === "queued";
    return el("div", { class: "progress job", "data-kind": job.kind, "data-state": job.state },
      el("span", { text: waiting ? `${title}: waiting` : `${title}${job.message ? `: ${job.message.toLowerCase()}` : ""}` }),
      el("progress", { max: 1, value: job.progress, "aria-label": title }),
      el("button", { class: "link", text: "Cancel", onclick: () => cancel(job.id) }));
  }));
}

// ------------------------------------------------------------------ questions

// One chip a question that was asked; pressed ones are on the timeline.
export function showQuestions(box, doc) {
  box.hidden = doc.questions.length < 2;
  box.replaceChildren(...doc.questions.map((run) => el("button", {
    class: "chip", type: "button", text: run.query ?? "like a frame", title: `Show or hide what ${run.model} found for: ${run.query ?? "a frame you pointed at"}`,
    "aria-pressed": String(!doc.hidden.has(run.id)), onclick: () => doc.toggle(run.id),
  })));
}

// How sure the answer is, and what pulled at it; nothing when there is nothing to say.
export function showGroundNote(box, curve) {
  const sure = curve?.agreement;
  const pulled = curve?.remembered;
  box.hidden = sure === undefined && !pulled;
  box.classList.toggle("warn", sure < UNSURE);
  box.textContent = [
    sure === undefined ? "" : `${sure < UNSURE ? "Uncertain" : "Sure"}: changed versions of the video agree by ${Math.round(100 * sure)} %.`,
    pulled ? `${pulled} earlier correction${pulled === 1 ? "" : "s"} of such questions pull${pulled === 1 ? "s" : ""}.` : "",
  ].join(" ").trim();
}

// ------------------------------------------------------------------ inspector

export class Inspector {
  constructor(box, server, actions) {
    this.box = box;
    this.server = server;
    this.actions = actions;
    this.key = "";
  }

  show(doc, id) {
    const conflict = id && doc.conflicts.get(id);
    const item = id && doc.item(id);
    const key = JSON.stringify([id, item ?? null, Boolean(conflict), id ? 0 : [doc.predictions.size + doc.annotations.size > 0, doc.conflicts.size]]);
    if (key === this.key) return;
    if (id === this.id && !conflict && this.typing()) return;
    this.key = key;
    this.id = id;
    const focused = this.box.contains(document.activeElement) ? document.activeElement : null;
    this.fill(doc, id, item, conflict);
    if (focused) this.box.querySelector(focused.id ? `#${focused.id}` : `[data-field="${focused.dataset.field}"]`)?.focus();
  }

  fill(doc, id, item, conflict) {
    if (conflict) this.box.replaceChildren(...this.conflict(doc, id, conflict));
    else if (!item) this.box.replaceChildren(...this.nothing(doc));
    else if (doc.annotations.has(id)) this.box.replaceChildren(...this.annotation(doc, item));
    else this.box.replaceChildren(...this.prediction(doc, item));
  }

  // Whether somebody has typed something here that is not saved yet.
  typing() {
    const field = document.activeElement;
    return this.box.contains(field) && field.matches("input, textarea") && field.value !== field.defaultValue;
  }

  redraw(doc, id) {
    this.key = "";
    document.activeElement?.blur();
    this.show(doc, id);
  }

  nothing(doc) {
    const hint = doc.predictions.size || doc.annotations.size
      ? "Select a segment. Drag its edges to correct it; A accepts a prediction, X rejects it."
      : "Ask the video a question, find speakers or emotions, or drag on a row below to mark a segment yourself.";
    const conflicts = [...doc.conflicts.keys()];
    return [
      el("p", { class: "muted hint", text: hint }),
      ...conflicts.map((id) => el("button", { class: "link error", text: "A segment has a conflict: look at it", onclick: () => this.actions.select(id) })),
    ];
  }

  // A person: their name, and what the tracker got wrong about them.
  showPerson(doc, name, at) {
    this.key = `person ${name}`;
    this.id = null;
    const tracks = doc.faces.map((track) => track.track);
    const others = [...new Set(doc.faces.map((track) => doc.people.nameOf(track.track, at)))].filter((other) => other && other !== name);
    const rows = (from, to) => (a) => (a.track === from ? to : a.track === `Expression · ${from}` ? `Expression · ${to}` : null);
    const done = (names, rename) => {
      this.actions.select(null);
      doc.namePeople(names, rename);
    };
    const become = (to) => to && to !== name && done(doc.people.renamed(name, to, tracks), rows(name, to));
    const fresh = () => {
      const taken = new Set([...tracks, ...others, name]);
      let number = tracks.length + 1;
      while (taken.has(`Person ${number}`)) number++;
      return `Person ${number}`;
    };
    const split = () => {
      const to = fresh();
      done(doc.people.split(name, at, to, tracks), (a) => (a.start >= at - 1e-6 ? rows(name, to)(a) : null));
    };
    this.box.replaceChildren(
      el("div", { class: "row head" }, el("h3", { text: "Person" }), el("span", { class: "tag", text: `${doc.people.stretches(name, tracks).length} face track(s)` })),
      el("label", { text: "Name" }, el("input", { id: "person-name", type: "text", dir: "auto", maxlength: 100, value: name, autocomplete: "off", onchange: (e) => become(e.target.value.trim()) })),
      others.length ? el("label", { text: "Is the same as" }, el("select", { id: "person-merge", onchange: (e) => become(e.target.value) },
        el("option", { value: "", text: "…" }), ...others.map((other) => el("option", { value: other, text: other })))) : null,
      el("div", { class: "row" },
        el("button", { id: "person-split", type: "button", text: "Somebody else from here", title: "From the frame that is shown on, this face is another person", onclick: split }),
        el("span", { class: "grow" }),
        el("button", { id: "person-delete", class: "danger", type: "button", text: "Not a person", onclick: () => done(doc.people.renamed(name, null, tracks)) })),
      el("button", { class: "link", id: "person-reset", type: "button", text: "Take back all names of this video", hidden: !doc.people.names.length, onclick: () => done([]) }),
    );
  }

  times(item, onchange) {
    const field = (name, label) => el("label", { class: "time" }, label,
      el("input", { type: "number", step: "0.001", min: "0", value: item[name].toFixed(3), "data-field": name, disabled: !onchange,
        onchange: (event) => onchange(name, Number(event.target.value), event.target) }));
    return el("div", { class: "row" }, field("start", "Start"), field("end", "End"),
      el("span", { class: "muted mono", text: `${(item.end - item.start).toFixed(3)} s` }));
  }

  annotation(doc, a) {
    const set = (fields) => doc.update(a.id, fields);
    const onTime = (name, value, input) => {
      const snapped = this.actions.snap(value);
      const ok = Number.isFinite(value) && (name === "start" ? snapped < a.end : snapped > a.start && snapped <= doc.video.duration);
      if (ok) set({ [name]: snapped });
      else this.redraw(doc, a.id);
    };
    const known = doc.labels.filter((l) => l.track === a.track);
    const origin = { manual: "made by hand", correction: "corrects a prediction", accepted: "accepted prediction", import: "imported" }[a.source];
    return [
      el("div", { class: "row head" }, el("h3", { text: a.track }), el("span", { class: `tag ${a.source}`, text: origin })),
      el("label", { text: "Label" }, el("input", { id: "label-input", type: "text", dir: "auto", maxlength: 500, value: a.label, list: "known-labels", autocomplete: "off", onchange: (e) => set({ label: e.target.value.trim() }) })),
      el("datalist", { id: "known-labels" }, ...known.map((l) => el("option", { value: l.label }))),
      this.times(a, onTime),
      el("label", { text: "Note" }, el("textarea", { rows: 2, maxlength: 10000, text: a.note, onchange: (e) => set({ note: e.target.value }) })),
      el("div", { class: "row" },
        el("button", { text: "▶ Play", onclick: () => this.actions.playOnce(a) }),
        el("button", { text: "Similar", title: "Find moments like this one in the whole library", onclick: () => this.actions.similar(a) }),
        el("button", { text: "History", onclick: (e) => this.history(a, e.target) }),
        el("span", { class: "grow" }),
        el("button", { class: "danger", id: "delete", text: "Delete", onclick: () => doc.remove(a.id) })),
      el("ol", { class: "history", hidden: true }),
    ];
  }

  prediction(doc, p) {
    const done = { accepted: "accepted", corrected: "corrected", rejected: "rejected" }[p.verdict];
    const correction = doc.correctionOf(p.id);
    return [
      el("div", { class: "row head" }, el("h3", { text: doc.rowOf(p) }), el("span", { class: "tag prediction", text: done ?? "prediction" })),
      el("p", { class: "label", text: p.label }),
      this.times(p, null),
      el("p", { class: "muted", text: `Score ${p.score.toFixed(2)}${p.confidence === undefined ? "" : `, confidence ${p.confidence.toFixed(2)}`}. Drag an edge to correct it; the prediction itself stays as it is.` }),
      el("div", { class: "row" },
        el("button", { class: "primary", id: "accept", text: "Accept (A)", disabled: Boolean(correction), onclick: () => doc.accept(p.id) }),
        el("button", { id: "reject", text: p.verdict === "rejected" ? "Take back (X)" : "Reject (X)", onclick: () => doc.reject(p.id) }),
        el("button", { text: "▶ Play", onclick: () => this.actions.playOnce(p) }),
        el("button", { text: "Similar", title: "Find moments like this one in the whole library", onclick: () => this.actions.similar(p) }),
        correction ? el("button", { class: "link", text: "Show the correction", onclick: () => this.actions.select(correction.id) }) : null),
    ];
  }

  conflict(doc, id, { mine, theirs }) {
    const say = (version) => (!version || version.deleted ? "deleted" : `${clock(version.start)} – ${clock(version.end)} “${version.label || "no label"}”`);
    return [
      el("div", { class: "row head" }, el("h3", { text: "Conflict" }), el("span", { class: "tag conflict", text: "not saved" })),
      el("p", { text: `${theirs?.annotator || "Somebody"} changed this segment while you did. Which one is right?` }),
      el("dl", {}, el("dt", { text: "Theirs, saved" }), el("dd", { text: say(theirs) }), el("dt", { text: "Yours" }), el("dd", { text: say(mine) })),
      el("div", { class: "row" },
        el("button", { id: "keep-theirs", text: "Keep theirs", onclick: () => doc.resolve(id, false) }),
        el("button", { id: "keep-mine", class: "primary", text: "Keep mine", onclick: () => doc.resolve(id, true) })),
    ];
  }

  async history(a, button) {
    const list = this.box.querySelector(".history");
    list.hidden = !list.hidden;
    if (list.hidden) return;
    button.disabled = true;
    try {
      const entries = await call(this.server, "history", { annotation: a.id });
      list.replaceChildren(...entries.map((entry) => {
        const when = new Date(entry.at).toLocaleString();
        const state = entry.after ? `${clock(entry.after.start)} – ${clock(entry.after.end)} “${entry.after.label}”` : "";
        return el("li", {}, el("b", { text: entry.op }), ` ${entry.annotator || "somebody"}, ${when}`, el("br"), el("span", { class: "muted mono", text: state }));
      }));
    } catch (error) {
      list.replaceChildren(el("li", { class: "error", text: error.message }));
    }
    button.disabled = false;
  }
}

// ------------------------------------------------------------------ list

// The timeline's content for screen readers, keyboards and tests; filled in pieces so that the page never stalls.
export class SegmentList {
  constructor(list, count, select) {
    this.list = list;
    this.count = count;
    this.options = new Map();
    this.turn = 0;
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[data-id]");
      if (option) select(option.dataset.id);
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const all = [...list.children];
      const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
      const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
      if (next) select(next.dataset.id);
    });
  }

  update(doc, middles) {
    const items = [
      ...[...doc.predictions.values()].filter((p) => doc.isShown(p)).map((p) => ["prediction", { ...p, track: doc.rowOf(p) }]),
      ...[...doc.annotations.values()].map((item) => ["annotation", item]),
    ].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
    const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
    this.count.textContent = `${counted(doc.annotations.size, "annotation")}, ${counted(doc.predictions.size, "prediction")}`;
    const turn = ++this.turn;
    const wanted = new Set(items.map(([, item]) => item.id));
    for (const [id, option] of this.options) {
      if (wanted.has(id)) continue;
      option.remove();
      this.options.delete(id);
    }
    const fill = (from) => {
      if (turn !== this.turn) return;
      const until = Math.min(items.length, from + CHUNK);
      for (let i = from; i < until; i++) {
        const option = this.option(...items[i], middles);
        if (this.list.children[i] !== option) this.list.insertBefore(option, this.list.children[i] ?? null);
      }
      if (until < items.length) (window.requestIdleCallback ?? setTimeout)(() => fill(until));
    };
    fill(0);
  }

  option(kind, item, middles) {
    let option = this.options.get(item.id);
    if (!option) {
      option = el("li", { role: "option", id: `segment-${item.id}`, "data-id": item.id, "aria-selected": "false" });
      option.append(el("span", { class: "when mono" }), el("span", { class: "what" }), el("span", { class: "where muted" }));
      this.options.set(item.id, option);
    }
    const facts = {
      kind, track: item.track, start: item.start, end: item.end, label: item.label,
      source: item.source ?? "", prediction: item.prediction_id ?? "", verdict: item.verdict ?? "", y: middles.get(item.id) ?? "",
    };
    for (const [key, value] of Object.entries(facts)) {
      if (option.dataset[key] !== String(value)) option.dataset[key] = String(value);
    }
    const [when, what, where] = option.children;
    const texts = [`${clock(item.start, 2)}–${clock(item.end, 2)}`, item.label || "(no label)", kind === "prediction" ? `${item.track} · ${item.score.toFixed(2)}` : item.track];
    [when, what, where].forEach((node, i) => {
      if (node.textContent !== texts[i]) node.textContent = texts[i];
    });
    return option;
  }

  clear() {
    this.turn++;
    this.options.clear();
    this.list.replaceChildren();
  }

  select(id) {
    for (const option of this.list.querySelectorAll('[aria-selected="true"]')) option.setAttribute("aria-selected", "false");
    const option = this.options.get(id);
    if (!option) {
      this.list.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    this.list.setAttribute("aria-activedescendant", option.id);
    const { offsetTop, offsetHeight } = option;
    const { scrollTop, clientHeight } = this.list;
    if (offsetTop < scrollTop || offsetTop + offsetHeight > scrollTop + clientHeight) this.list.scrollTop = offsetTop - clientHeight / 2;
  }
}
