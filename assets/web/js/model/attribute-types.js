// What the schema says of the attributes of a segment, and their values in words.

import { changesOf, valuesOf } from "./changing.js";

/** @import { AttributeType, Json } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */

/** Of each schema what was asked of it: thousands of segments are drawn at once.
 * @type {WeakMap<object, Map<string, AttributeType[]>>}
 */
const known = new WeakMap();

/** The attributes that the schema gives a segment: those of its row, then those of its label, which say what a name means
 * where both have it.
 * @param {Pick<DocumentStore, "labels" | "tracks">} store
 * @param {{ track: string, label: string }} item
 * @returns {AttributeType[]}
 */
export function typesOf({ labels, tracks }, { track, label }) {
  const asked = known.get(labels) ?? new Map();
  known.set(labels, asked);
  const place = `${track}\n${label}`;
  const before = asked.get(place);
  if (before) return before;
  const ofLabel = labels.find((each) => each.track === track && each.label === label)?.attributes ?? [];
  const found = new Map((tracks.get(track)?.attributes ?? []).map((each) => [each.name, each]));
  for (const each of ofLabel) found.set(each.name, each);
  const types = [...found.values()];
  asked.set(place, types);
  return types;
}

/** A value in words; of yes and no its name says it.
 * @param {AttributeType} type
 * @param {Json | undefined} value of one moment
 * @returns {string} "" where nothing is said
 */
export function said({ name, kind }, value) {
  if (value === undefined || value === null) return "";
  if (kind === "yes_no" && typeof value === "boolean") return value ? name : `not ${name}`;
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** All that the typed attributes of a segment say, in a few words; of one that changes all its values.
 * @param {AttributeType[]} types
 * @param {{ [name: string]: Json }} attributes
 */
export function summary(types, attributes) {
  return types
    .map((type) => {
      const value = attributes[type.name];
      return changesOf(value)
        ? valuesOf(value)
            .map((each) => said(type, each))
            .join(" → ")
        : said(type, value);
    })
    .filter(Boolean)
    .join(" · ");
}

/** Why a segment may not have a value, as AttributeType.problem of studio/timeline/attribute_types.py says it; "" where
 * it may.
 * @param {AttributeType} type
 * @param {Json} value of one moment
 */
export function problemOf(type, value) {
  const { name, kind, options, low, high } = type;
  if (kind === "choice") {
    return typeof value === "string" && options.includes(value) ? "" : `“${name}” is one of ${options.join(", ")}.`;
  }
  if (kind === "several") {
    const fits = Array.isArray(value) && value.every((each) => typeof each === "string" && options.includes(each));
    return fits ? "" : `“${name}” is a list out of ${options.join(", ")}.`;
  }
  if (kind === "text") return typeof value === "string" ? "" : `“${name}” is a text.`;
  if (kind === "yes_no") return typeof value === "boolean" ? "" : `“${name}” is yes or no.`;
  const isNumber = typeof value === "number" && Number.isFinite(value);
  const fits = isNumber && (low === null || value >= low) && (high === null || value <= high);
  return fits ? "" : `“${name}” is ${rangeOf(type)}.`;
}

/** The attributes of a segment without those that its row or its label takes no more, and the names of these.
 * @param {Pick<DocumentStore, "labels" | "tracks">} store
 * @param {{ track: string, label: string, attributes: { [name: string]: Json } }} made
 */
export function takenAttributes(store, made) {
  const attributes = { ...made.attributes };
  const gone = [];
  for (const type of typesOf(store, made)) {
    const value = attributes[type.name] ?? null;
    const parts = type.changes ? changesOf(value) : null;
    const said = parts ? parts.map(([, each]) => each) : [value];
    if (!said.some((each) => each !== null && problemOf(type, each))) continue;
    delete attributes[type.name];
    gone.push(type.name);
  }
  return { attributes, gone };
}

/** Which numbers an attribute takes, in words. @param {AttributeType} type */
export const rangeOf = ({ low, high }) =>
  ["a number", low === null ? "" : `from ${low}`, high === null ? "" : `to ${high}`].filter(Boolean).join(" ");
