// The attributes that the schema gives a label or a row, as they are edited: a line each.

import { el } from "./dom.js";

/** @import { AttributeKind, AttributeType } from "../types.js" */

/** @type {[AttributeKind, string][]} */
const KINDS = [
  ["choice", "one of"],
  ["several", "several of"],
  ["number", "a number"],
  ["text", "a text"],
  ["yes_no", "yes or no"],
];

/**
 * @param {AttributeType[]} types that are changed in place
 * @param {string} key of whose they are
 * @param {() => void} fill draws the dialog anew
 */
export function attributeTypes(types, key, fill) {
  return el(
    "div",
    { class: "attribute-types" },
    ...types.map((type, n) => line(types, type, `${key} attribute ${n}`, fill)),
    el("button", {
      class: "link",
      type: "button",
      text: "+ Attribute",
      "data-key": `${key} more`,
      onclick: () => {
        types.push({ name: "", kind: "choice", options: [], low: null, high: null, changes: false });
        fill();
        const name = `${key} attribute ${types.length - 1} name`;
        /** @type {HTMLElement | null} */
        const field = document.querySelector(`[data-key="${CSS.escape(name)}"]`);
        field?.focus();
      },
    }),
  );
}

/** @param {AttributeType[]} types @param {AttributeType} type @param {string} key @param {() => void} fill */
function line(types, type, key, fill) {
  const called = type.name || "the new attribute";
  return el(
    "div",
    { class: "row attribute-type" },
    el("input", {
      type: "text",
      dir: "auto",
      maxlength: 200,
      placeholder: "name",
      value: type.name,
      "aria-label": "Name of an attribute",
      "data-key": `${key} name`,
      oninput: ({ target }) => (type.name = target.value.trim()),
    }),
    el(
      "select",
      {
        "aria-label": `What ${called} is`,
        "data-key": `${key} kind`,
        onchange: ({ target }) => {
          type.kind = /** @type {AttributeKind} */ (target.value);
          fill();
        },
      },
      ...KINDS.map(([value, text]) => el("option", { value, text, selected: value === type.kind })),
    ),
    ...valueFields(type, key, called),
    el(
      "label",
      { class: "check inline", title: "It may be something else later in the same segment" },
      el("input", {
        type: "checkbox",
        checked: type.changes,
        "data-key": `${key} changes`,
        onchange: ({ target }) => (type.changes = target.checked),
      }),
      "may change",
    ),
    el("button", {
      class: "plain",
      type: "button",
      text: "×",
      "aria-label": `Remove the attribute ${called}`,
      title: "Remove it; what was said stays with the segments",
      onclick: () => {
        types.splice(types.indexOf(type), 1);
        fill();
      },
    }),
  );
}

/** What a value may be. @param {AttributeType} type @param {string} key @param {string} called */
function valueFields(type, key, called) {
  if (type.kind === "choice" || type.kind === "several")
    return [
      el("input", {
        type: "text",
        class: "grow",
        dir: "auto",
        placeholder: "options, with commas between",
        value: type.options.join(", "),
        "aria-label": `Options of ${called}`,
        "data-key": `${key} options`,
        oninput: ({ target }) => {
          const listed = target.value.split(",").map((/** @type {string} */ each) => each.trim());
          type.options = [...new Set(/** @type {string[]} */ (listed.filter(Boolean)))];
        },
      }),
    ];
  if (type.kind !== "number") return [];
  return /** @type {const} */ ([
    ["low", "from"],
    ["high", "to"],
  ]).map(([bound, word]) =>
    el("input", {
      type: "number",
      class: "bound",
      step: "any",
      placeholder: word,
      value: type[bound] ?? "",
      "aria-label": `${called}: ${word}`,
      "data-key": `${key} ${bound}`,
      onchange: ({ target }) => (type[bound] = target.value === "" ? null : Number(target.value)),
    }),
  );
}
