// The form of a question about annotations: a box for each segment, with its conditions and how it stands to another.

import {
  LETTERS,
  RELATIONS,
  STATUSES,
  emptyQuestion,
  plain,
  withAnother,
  withoutStep,
} from "../model/find-question.js";
import { call } from "../sync/api.js";
import { el, redraw } from "./dom.js";
import { removable } from "./removable.js";
import { tokens } from "./tokens.js";
import { VideoPicker } from "./video-picker.js";

/** @import { Find } from "./dom.js" */
/** @import { FindChoices, FindLink, FindQuestion, FindStep, Server } from "../types.js" */

const MORE = /** @type {const} */ (["statuses", "shortest", "longest", "said", "note", "attributes"]);
const NOTHING = { labels: [], tracks: [], annotators: [], attributes: [], values: {}, kept: [] };

export class FindForm {
  /** @type {FindQuestion} */
  question = emptyQuestion();
  /** @type {FindChoices} */
  #choices = NOTHING;
  /** The names of videos that were chosen. @type {Map<string, string>} */
  #named = new Map();
  /** Segments of which all conditions are shown. @type {Set<number>} */
  #open = new Set();

  /**
   * @param {Find} $
   * @param {Server} server
   * @param {() => void} changed
   */
  constructor($, server, changed) {
    this.server = server;
    this.box = $("find-steps");
    this.lists = {
      labels: $("find-list-labels"),
      tracks: $("find-list-tracks"),
      annotators: $("find-list-annotators"),
      attributes: $("find-list-attributes"),
    };
    this.changed = changed;
    this.draw();
  }

  /** What there is to choose from; what somebody types at the moment stays.
   * @param {FindChoices} choices
   */
  offer(choices) {
    this.#choices = choices;
    for (const [name, list] of Object.entries(this.lists))
      list.replaceChildren(
        ...choices[/** @type {keyof typeof this.lists} */ (name)]
          .filter(Boolean)
          .map((value) => el("option", { value })),
      );
    const field = /** @type {HTMLInputElement | null} */ (document.activeElement);
    const isTyped = this.box.contains(field) && field?.tagName === "INPUT" && field.value !== field.defaultValue;
    if (!isTyped) this.draw();
  }

  /** @param {FindQuestion} question */
  show(question) {
    this.question = question;
    this.#open = new Set(
      question.segments.flatMap((step, place) => (MORE.some((name) => name in step) ? [place] : [])),
    );
    this.draw();
    this.#nameVideos().catch(() => {}); // the question is asked all the same
  }

  /** What the videos of a question from elsewhere are called. */
  async #nameVideos() {
    const ids = (this.question.videos ?? []).filter((id) => !this.#named.has(id));
    if (!ids.length) return;
    const { videos } = await call(this.server, "choose_videos", { ids });
    const names = new Map(videos.map(({ id, name }) => [id, name]));
    for (const id of ids) this.#named.set(id, names.get(id) ?? "a video that is gone");
    this.draw();
  }

  draw() {
    const { segments } = this.question;
    redraw(
      this.box,
      ...segments.map((step, place) => this.#step(step, place)),
      el(
        "div",
        { class: "row wrap find-foot" },
        el("button", {
          type: "button",
          "data-key": "another",
          disabled: segments.length === LETTERS.length,
          text: "+ Another segment, by its time",
          onclick: () => this.#change(withAnother(this.question)),
        }),
        segments.length > 1 ? this.#every() : null,
        el("span", { class: "grow" }),
        this.#videos(),
        el(
          "label",
          { class: "inline" },
          "Videos named ",
          this.#text("name", this.question.name ?? "", (name) => ({ name })),
        ),
      ),
    );
  }

  /** What was asked otherwise by a press or a choice, which is over: the form is drawn anew.
   * @param {FindQuestion} question
   */
  #change(question) {
    this.question = question;
    this.draw();
    this.changed();
  }

  /** @param {number} place @param {Partial<FindStep>} change */
  #choose(place, change) {
    this.#change(this.#with(place, change));
  }

  /** What was typed. The form stays as it is, since the person may be on the way to another field of it.
   * @param {FindQuestion} question
   */
  #type(question) {
    this.question = question;
    question.segments.forEach((step, place) => {
      const count = this.box.querySelector(`[data-count="${place}"]`);
      if (count) count.textContent = countText(step);
    });
    this.changed();
  }

  /** @param {number} place @param {Partial<FindStep>} change */
  #set(place, change) {
    this.#type(this.#with(place, change));
  }

  /** @param {number} place @param {Partial<FindStep>} change @returns {FindQuestion} */
  #with(place, change) {
    const segments = this.question.segments.map((step, n) => (n === place ? { ...step, ...change } : step));
    return { ...this.question, segments };
  }

  /** Whether each first segment is found once, or every combination. */
  #every() {
    const { every = false } = this.question;
    const options = [
      { value: "", text: "each A once" },
      { value: "every", text: "every combination" },
    ];
    return el(
      "select",
      {
        "data-key": "every",
        "aria-label": "What counts as a moment",
        onchange: (event) => this.#change({ ...this.question, every: event.target.value === "every" }),
      },
      ...options.map(({ value, text }) => el("option", { value, text, selected: Boolean(value) === every })),
    );
  }

  #videos() {
    const { videos = [] } = this.question;
    const chips = videos.map((id) => {
      const name = el("span", { class: "name", dir: "auto", text: this.#named.get(id) ?? "…" });
      return removable([name], `Without ${this.#named.get(id) ?? "this video"}`, () =>
        this.#change({ ...this.question, videos: videos.filter((each) => each !== id) }),
      );
    });
    const picker = new VideoPicker(this.server, {
      label: "Only in this video",
      key: "videos",
      placeholder: videos.length ? "and in …" : "in any video",
      without: videos,
      chosen: ({ id, name }) => {
        this.#named.set(id, name);
        this.#change({ ...this.question, videos: [...videos, id] });
      },
    });
    return el("div", { class: "row wrap find-videos" }, ...chips, picker.box);
  }

  /** A field for a text of the whole question.
   * @param {string} key
   * @param {string} value
   * @param {(text: string) => Partial<FindQuestion>} change
   */
  #text(key, value, change) {
    return el("input", {
      type: "text",
      maxlength: 200,
      value,
      "data-key": key,
      onchange: (event) => this.#type({ ...this.question, ...change(/** @type {any} */ (event.target).value) }),
    });
  }

  // ---------------------------------------------------------------- one segment

  /** @param {FindStep} step @param {number} place */
  #step(step, place) {
    const letter = LETTERS[place];
    const several = this.question.segments.length > 1;
    const { relation } = step;
    return el(
      "fieldset",
      { class: "find-step", "data-absent": Boolean(relation?.absent) },
      el("legend", { class: several ? "letter" : "unseen", text: several ? letter : "Segment" }),
      relation ? this.#relation(relation, place) : null,
      el(
        "div",
        { class: "grid" },
        this.#tokens(place, "labels", "Label", "Label"),
        this.#tokens(place, "tracks", "Row", "Row"),
        this.#field(place, "text", "Text", "in its label or note"),
        this.#tokens(place, "annotators", "Annotator", "Annotator"),
      ),
      el(
        "details",
        {
          open: this.#open.has(place),
          ontoggle: (/** @type {Event} */ event) => {
            const { open } = /** @type {HTMLDetailsElement} */ (event.currentTarget);
            if (open) this.#open.add(place);
            else this.#open.delete(place);
          },
        },
        el(
          "summary",
          { "data-key": `${place} more` },
          "More conditions ",
          el("span", { class: "muted", "data-count": place, text: countText(step) }),
        ),
        el(
          "div",
          { class: "grid" },
          el(
            "div",
            { class: "field" },
            el("span", { text: "Duration in seconds" }),
            el(
              "span",
              { class: "row" },
              this.#number(`${place} shortest`, "Shortest, in seconds", "from", step.shortest, (shortest) =>
                this.#set(place, { shortest }),
              ),
              this.#number(`${place} longest`, "Longest, in seconds", "to", step.longest, (longest) =>
                this.#set(place, { longest }),
              ),
            ),
          ),
          this.#field(place, "said", "Said meanwhile", "in the transcript"),
          this.#field(place, "note", "Note", "contains"),
          this.#attributes(step, place),
          this.#statuses(step, place),
        ),
      ),
    );
  }

  /**
   * @param {number} place
   * @param {"labels" | "tracks" | "annotators"} name
   * @param {string} label
   * @param {string} what
   */
  #tokens(place, name, label, what) {
    const texts = this.question.segments[place][name] ?? [];
    const key = `${place} ${name}`;
    const shown = (/** @type {string} */ text) => text || "(no name)";
    const changed = (/** @type {string[]} */ all) => this.#set(place, { [name]: all });
    return el(
      "div",
      { class: "field" },
      el("span", { text: label }),
      tokens({ key, label: `${what} of ${LETTERS[place]}`, list: `find-list-${name}`, texts, shown, changed }),
    );
  }

  /**
   * @param {number} place
   * @param {"text" | "said" | "note"} name
   * @param {string} label
   * @param {string} placeholder
   */
  #field(place, name, label, placeholder) {
    return el(
      "label",
      { class: "field" },
      el("span", { text: label }),
      el("input", {
        type: "text",
        maxlength: 500,
        dir: "auto",
        placeholder,
        value: this.question.segments[place][name] ?? "",
        "data-key": `${place} ${name}`,
        onchange: (event) => this.#set(place, { [name]: /** @type {any} */ (event.target).value.trim() }),
      }),
    );
  }

  /**
   * @param {string} key
   * @param {string} label
   * @param {string} placeholder
   * @param {number | null | undefined} value
   * @param {(value: number | null) => void} changed
   */
  #number(key, label, placeholder, value, changed) {
    return el("input", {
      type: "number",
      min: 0,
      step: "any",
      placeholder,
      value: value ?? "",
      "aria-label": label,
      "data-key": key,
      onchange: (event) => {
        const { value: typed } = /** @type {any} */ (event.target);
        changed(typed === "" ? null : Math.max(0, Number(typed)));
      },
    });
  }

  /** The attributes that are asked for, and a place for one more. @param {FindStep} step @param {number} place */
  #attributes({ attributes = {} }, place) {
    const box = el("div", { class: "field" }, el("span", { text: "Attribute" }));
    const read = () => {
      const typed = [...box.querySelectorAll("input")].map((input) => input.value.trim());
      const pairs = typed.flatMap((name, n) => (n % 2 || !name ? [] : [[name, typed[n + 1]]]));
      if (typed.at(-2)) add("", "");
      this.#set(place, { attributes: Object.fromEntries(pairs) });
    };
    const input = (/** @type {{ [name: string]: string | number }} */ more) =>
      el("input", { type: "text", maxlength: 500, autocomplete: "off", onchange: read, ...more });
    const add = (/** @type {string} */ name, /** @type {string} */ value) => {
      const n = box.childElementCount - 1;
      const called = { list: "find-list-attributes", placeholder: n ? "and another" : "its name", value: name };
      const values = this.#choices.values[name] ?? [];
      /** @type {{ [name: string]: string }} */
      const offered = values.length ? { list: `find-values-${place}-${n}` } : {};
      box.append(
        el(
          "span",
          { class: "row" },
          input({ ...called, "aria-label": "Name of an attribute", "data-key": `${place} name ${n}` }),
          input({
            placeholder: "value, or 2..5",
            value,
            ...offered,
            "aria-label": "Value of the attribute, or numbers from 2..5; nothing: any",
            "data-key": `${place} value ${n}`,
          }),
          el("datalist", { id: `find-values-${place}-${n}` }, ...values.map((each) => el("option", { value: each }))),
        ),
      );
    };
    for (const [name, value] of Object.entries(attributes)) add(name, value);
    add("", "");
    return box;
  }

  /** @param {FindStep} step @param {number} place */
  #statuses({ statuses = [] }, place) {
    return el(
      "div",
      { class: "field wide", role: "group", "aria-label": `Kinds of ${LETTERS[place]}` },
      el("span", { text: "Kind (none chosen: all annotations)" }),
      el(
        "span",
        { class: "row wrap" },
        ...STATUSES.map(({ name, text }) =>
          el("button", {
            type: "button",
            class: "chip",
            "aria-pressed": String(statuses.includes(name)),
            "data-key": `${place} status ${name}`,
            text,
            onclick: () =>
              this.#choose(place, {
                statuses: statuses.includes(name) ? statuses.filter((each) => each !== name) : [...statuses, name],
              }),
          }),
        ),
      ),
    );
  }

  // ---------------------------------------------------------------- how it stands to another

  /** @param {FindLink} link @param {number} place */
  #relation(link, place) {
    const letter = LETTERS[place];
    const now = () => this.question.segments[place].relation ?? link; // numbers may have been typed since
    const set = (/** @type {Partial<FindLink>} */ change) => this.#choose(place, { relation: { ...now(), ...change } });
    const type = (/** @type {Partial<FindLink>} */ change) => this.#set(place, { relation: { ...now(), ...change } });
    const { from, to } = RELATIONS.find(({ name }) => name === link.is) ?? RELATIONS[0];
    const of = link.of ?? 0;
    const choose = (
      /** @type {string} */ key,
      /** @type {string} */ label,
      /** @type {string} */ chosen,
      /** @type {{ value: string, text: string }[]} */ options,
      /** @type {(value: string) => void} */ changed,
    ) => {
      const select = el(
        "select",
        { "data-key": `${place} ${key}`, "aria-label": label, onchange: (event) => changed(event.target.value) },
        ...options.map(({ value, text }) => el("option", { value, text, selected: value === chosen })),
      );
      return select;
    };
    const presence = choose(
      "presence",
      `Whether there is ${letter}`,
      link.absent ? "no" : "a",
      [
        { value: "a", text: `and there is ${letter}` },
        { value: "no", text: `and there is no ${letter}` },
      ],
      (value) => set({ absent: value === "no" }),
    );
    const relation = choose(
      "relation",
      `How ${letter} lies in time`,
      link.is,
      RELATIONS.map(({ name, text }) => ({ value: name, text: text(LETTERS[of]) })),
      (is) => set({ is }),
    );
    const earlier = choose(
      "of",
      `Which segment ${letter} stands in relation to`,
      String(of),
      [...LETTERS.slice(0, place)].map((each, n) => ({ value: String(n), text: `in relation to ${each}` })),
      (value) => set({ of: Number(value) }),
    );
    return el(
      "div",
      { class: "row wrap relation" },
      presence,
      el("span", { text: "that" }),
      place > 1 ? earlier : null,
      relation,
      from ? this.#number(`${place} least`, "Seconds, at least", "0", link.least, (least) => type({ least })) : null,
      to ? el("span", { class: "muted", text: from ? "to" : "within" }) : null,
      to
        ? this.#number(`${place} most`, "Seconds, at most", link.is === "same" ? "0" : "any", link.most, (most) =>
            type({ most }),
          )
        : null,
      to ? el("span", { class: "muted", text: "s" }) : null,
      choose("common", `What ${letter} has in common`, common(link), this.#commons(link), (value) =>
        set(linkOf(value)),
      ),
      el("span", { class: "grow" }),
      el("button", {
        type: "button",
        class: "plain",
        "aria-label": `Without segment ${letter}`,
        title: `Without segment ${letter}`,
        text: "×",
        onclick: () => {
          this.#open = new Set([...this.#open].flatMap((n) => (n === place ? [] : [n > place ? n - 1 : n])));
          this.#change(withoutStep(this.question, place));
        },
      }),
    );
  }

  /** What two segments may have in common, or not. @param {FindLink} link */
  #commons(link) {
    const keys = ["track", "annotator", "label", ...this.#choices.attributes.map((name) => `attribute:${name}`)];
    const offered = keys.flatMap((key) => [{ same: key }, { other: key }]);
    const chosen = common(link);
    const all = [{}, ...offered];
    if (!all.some((each) => common(each) === chosen)) all.push({ same: link.same, other: link.other });
    return all.map((each) => ({ value: common(each), text: commonText(each) }));
  }
}

/** How many of the conditions are set that are not always shown. @param {FindStep} step */
function countText(step) {
  const said = plain({ segments: [step] }).segments[0];
  const set = MORE.filter((name) => name in said).length;
  return set ? `(${set} set)` : "";
}

/** @typedef {Pick<FindLink, "same" | "other">} Common */

/** What two segments have in common, as the value of a choice. @param {Common} common */
const common = ({ same = "", other = "" }) => JSON.stringify([same, other]);

/** The inverse of `common`. @param {string} value @returns {Common} */
function linkOf(value) {
  const [same, other] = JSON.parse(value);
  return { same, other };
}

/** @param {Common} common */
function commonText({ same = "", other = "" }) {
  const words = (/** @type {string} */ key, /** @type {string} */ which) => {
    if (key === "track") return `in ${which} row`;
    if (key === "annotator") return `by ${which} annotator`;
    return `with ${which} ${key.replace(/^attribute:/, "")}`;
  };
  const said = [same && words(same, "the same"), other && words(other, "another")].filter(Boolean);
  return said.join(", ") || "in any row, by anybody";
}
