// What a segment is like, by the attributes that the schema gives it: fields of one or of several segments.

import { problemOf, rangeOf, said, typesOf } from "../model/attribute-types.js";
import { changedFrom, changesOf, problemOfChanges, valueAt } from "../model/changing.js";
import { clock, el, toast } from "./dom.js";

/** @import { Annotation, AttributeType, Json } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */

/** A segment, or a box over time, by what its attributes need.
 * @typedef {Pick<Annotation, "id" | "track" | "label" | "attributes" | "start" | "end">} Described
 */

/** What the fields can ask of the page.
 * @typedef {object} AttributePage
 * @property {() => number} time of the playhead
 * @property {(time: number) => void} seek
 * @property {() => void} leave the keys belong to the page again
 * @property {() => boolean} next the fields of the next segment; false where there is none
 */

const INSPECTOR = "#inspector";
const SAME = 5e-4; // s: closer than any two frames
const MIXED = Symbol("different values");
const CHOOSABLE = 9; // options by a digit

/** The attributes that all segments have by the schema.
 * @param {DocumentStore} store
 * @param {readonly Described[]} made
 */
function commonTypes(store, made) {
  const [first = [], ...others] = made.map((each) => typesOf(store, each));
  const texts = others.map((types) => new Set(types.map((type) => JSON.stringify(type))));
  return first.filter((type) => texts.every((known) => known.has(JSON.stringify(type))));
}

/** @param {AttributeType} type @param {readonly Described[]} made @param {number} time */
function shownValue({ name }, made, time) {
  const values = made.map(({ attributes }) => valueAt(attributes[name], time) ?? null);
  return values.every((value) => JSON.stringify(value) === JSON.stringify(values[0])) ? (values[0] ?? null) : MIXED;
}

/** A field for each attribute. What is said of a segment in which it may change holds from the playhead on, where that is
 * within it.
 * @param {DocumentStore} store
 * @param {readonly Described[]} made
 * @param {AttributePage} page
 * @param {(attributes: ReadonlyMap<string, Annotation["attributes"]>) => void} set by the ids of the segments
 * @param {boolean} [isWhole] they are said of it as a whole: none changes
 */
export function attributeFields(store, made, page, set, isWhole = false) {
  const known = made.length ? commonTypes(store, made) : [];
  const types = isWhole ? known.map((type) => ({ ...type, changes: false })) : known;
  if (!types.length) return null;
  const time = page.time();
  const fields = types.map((type) => {
    const say = (/** @type {Json} */ value) => {
      const now = page.time();
      const open = made.filter((each) => !isOutOfReach(type, each, now));
      if (open.length < made.length) toast(outOfReach(type, made.length - open.length), "error");
      const all = new Map(open.map((each) => [each.id, withValue(type, each, value, now)]));
      const problem = [...all.values()].map(problemOfChanges).find(Boolean);
      if (problem) toast(problem, "error");
      else if (all.size) set(all);
    };
    return attributeField(type, shownValue(type, made, time), say, made.length === 1 ? made[0] : null, page, set);
  });
  return el(
    "div",
    { class: "attributes", role: "group", "aria-label": "Attributes", onkeydown: steps(page) },
    ...fields,
  );
}

/** @param {Described} made @param {number} time */
const isWithin = ({ start, end }, time) => time > start - SAME && time < end - SAME;

/** Whether it changes in a segment that the playhead is not within: what is said there would take the place of all of it.
 * @param {AttributeType} type
 * @param {Described} made
 * @param {number} time
 */
const isOutOfReach = ({ name, changes }, made, time) =>
  changes && !isWithin(made, time) && changesOf(made.attributes[name]) !== null;

/** @param {AttributeType} type @param {number} count of segments */
function outOfReach({ name }, count) {
  const where = count > 1 ? `${count} of the segments` : "the segment";
  return `“${name}” changes within ${where}, and the playhead is outside: go to where it is to say something else.`;
}

/** The attributes of a segment of which one says something else; null takes it away.
 * @param {AttributeType} type
 * @param {Described} made
 * @param {Json} value
 * @param {number} time
 */
function withValue({ name, changes }, made, value, time) {
  const { [name]: before, ...others } = made.attributes;
  const after = changes && isWithin(made, time) ? changedFrom(before, time, value, made) : value;
  return after === null ? others : { ...others, [name]: after };
}

/** @param {AttributeType} type @param {Json | typeof MIXED} value @param {(value: Json) => void} say @param {Described | null} one @param {AttributePage} page @param {Parameters<typeof attributeFields>[3]} set */
function attributeField(type, value, say, one, page, set) {
  const { name, kind, options } = type;
  const known = value === MIXED ? null : value;
  const answer = el("span", { class: "small error", role: "status" });
  const choose =
    kind === "choice" && options.length <= CHOOSABLE
      ? chips(
          type,
          options,
          (option) => option === known,
          (option, isOn) => say(isOn ? null : option),
        )
      : kind === "choice"
        ? list(type, known, say)
        : kind === "several"
          ? chips(
              type,
              options,
              (option) => Array.isArray(known) && known.includes(option),
              (option, isOn) => say(toggled(options, known, option, isOn)),
            )
          : kind === "yes_no"
            ? chips(
                type,
                ["yes", "no"],
                (option) => known === (option === "yes"),
                (option, isOn) => say(isOn ? null : option === "yes"),
              )
            : typed(type, known, say, answer);
  const problem = known === null || !problemOf(type, known) ? null : problemOf(type, known);
  const parts = one ? changesOf(one.attributes[name]) : null;
  return el(
    "div",
    { class: "attribute", "data-attribute": name },
    el("span", { class: "name", dir: "auto", text: name, title: hintOf(type) }),
    value === MIXED ? el("span", { class: "muted small", text: "different" }) : null,
    choose,
    answer,
    problem && kind === "choice"
      ? el("span", { class: "small error", text: `“${said(type, known)}” is none of them.` })
      : null,
    parts && one
      ? el(
          "span",
          { class: "changes small" },
          ...parts.map(([at, each]) =>
            el("button", {
              class: "link",
              type: "button",
              dir: "auto",
              text: `${clock(at)} ${said(type, each) || "–"}`,
              title: "Go there",
              onclick: () => page.seek(at),
            }),
          ),
          el("button", {
            class: "link",
            type: "button",
            text: "the same throughout",
            title: "What holds at the playhead holds in the whole segment",
            onclick: () => {
              const all = { ...one.attributes };
              if (known === null) delete all[name];
              else all[name] = known;
              set(new Map([[one.id, all]]));
            },
          }),
        )
      : null,
  );
}

/** @param {AttributeType} type */
function hintOf(type) {
  const { kind, changes } = type;
  const what =
    kind === "number" ? rangeOf(type) : kind === "several" ? "any of them" : kind.replace("yes_no", "yes or no");
  return changes ? `${what}; it may change: what you say holds from the playhead on` : what;
}

/** @param {string[]} options @param {Json} known @param {string} option @param {boolean} isOn */
function toggled(options, known, option, isOn) {
  const chosen = new Set(Array.isArray(known) ? known.map(String) : []);
  if (isOn) chosen.delete(option);
  else chosen.add(option);
  const unlisted = [...chosen].filter((each) => !options.includes(each));
  const all = [...options.filter((each) => chosen.has(each)), ...unlisted];
  return all.length ? all : null;
}

/** Buttons, of which a digit presses one.
 * @param {AttributeType} type
 * @param {readonly string[]} options
 * @param {(option: string) => boolean} isOn
 * @param {(option: string, isOn: boolean) => void} press
 */
const chips = ({ name }, options, isOn, press) =>
  el(
    "span",
    { class: "options", role: "group", "aria-label": name },
    ...options.map((option, n) =>
      el("button", {
        class: "chip",
        type: "button",
        dir: "auto",
        text: option,
        title: n < CHOOSABLE ? `Key ${n + 1}` : null,
        "aria-pressed": String(isOn(option)),
        "data-key": `attribute ${name} ${option}`,
        "data-digit": n < CHOOSABLE ? n + 1 : null,
        onclick: () => press(option, isOn(option)),
      }),
    ),
  );

/** @param {AttributeType} type @param {Json} known @param {(value: Json) => void} say */
function list({ name, options }, known, say) {
  const all = typeof known === "string" && !options.includes(known) ? [known, ...options] : options;
  return el(
    "select",
    { "aria-label": name, "data-key": `attribute ${name}`, onchange: ({ target }) => say(target.value || null) },
    el("option", { value: "", text: "not said", selected: known === null }),
    ...all.map((option) => el("option", { value: option, text: option, selected: option === known })),
  );
}

/** A number or a text. @param {AttributeType} type @param {Json} known @param {(value: Json) => void} say @param {HTMLElement} answer */
function typed(type, known, say, answer) {
  const { name, kind, low, high } = type;
  const isNumber = kind === "number";
  return el("input", {
    type: isNumber ? "number" : "text",
    step: isNumber ? "any" : null,
    min: isNumber ? low : null,
    max: isNumber ? high : null,
    dir: "auto",
    maxlength: isNumber ? null : 2000,
    value: known === null ? "" : String(known),
    "aria-label": name,
    "data-key": `attribute ${name}`,
    onchange: ({ target }) => {
      const text = target.value.trim();
      const value = text === "" ? null : isNumber ? Number(text) : text;
      const problem = value === null ? (target.validity.badInput ? problemOf(type, NaN) : "") : problemOf(type, value);
      answer.textContent = problem;
      target.setAttribute("aria-invalid", String(problem !== ""));
      if (!problem) say(value);
    },
  });
}

/** Digits choose, Enter and the arrows go from one attribute to the next, and from the last one to the next segment.
 * @param {AttributePage} page
 */
const steps = (page) => (/** @type {KeyboardEvent & { currentTarget: HTMLElement, target: HTMLElement }} */ event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const { currentTarget: box, target, key } = event;
  const fields = /** @type {HTMLElement[]} */ ([...box.querySelectorAll("[data-attribute]")]);
  const field = /** @type {HTMLElement | null} */ (target.closest("[data-attribute]"));
  if (!field) return;
  const isTyped = target.matches("input");
  const digit = isTyped ? null : /** @type {HTMLElement | null} */ (field.querySelector(`[data-digit="${key}"]`));
  const goes = key === "Enter" || (!isTyped && !target.matches("select") && /^Arrow(Up|Down)$/.test(key));
  if (digit) digit.click();
  else if (key === "Escape") page.leave();
  else if (goes) {
    if (isTyped) target.blur(); // what is typed is saved first, and the fields are drawn anew
    const at = fields.indexOf(field) + (key === "ArrowUp" ? -1 : 1);
    const wanted = fields[at]?.dataset.attribute;
    if (wanted !== undefined) focusAttribute(wanted, box.closest("#box-panel") ? "#box-panel" : INSPECTOR);
    else if (key === "Enter" && !page.next()) page.leave();
  } else return;
  event.preventDefault();
  event.stopPropagation();
};

/** The keys belong to an attribute, the first one where none is named; false where there is none.
 * @param {string} [name]
 * @param {string} [root] where its field is
 */
export function focusAttribute(name, root = INSPECTOR) {
  const which = name === undefined ? "[data-attribute]" : `[data-attribute="${CSS.escape(name)}"]`;
  const field = document.querySelector(`${root} .attributes ${which}`);
  const controls = /** @type {HTMLElement[]} */ ([...(field?.querySelectorAll(":is(.chip, select, input)") ?? [])]);
  const control = controls.find((each) => each.getAttribute("aria-pressed") === "true") ?? controls[0];
  control?.focus();
  if (control instanceof HTMLInputElement) control.select();
  return control !== undefined;
}
