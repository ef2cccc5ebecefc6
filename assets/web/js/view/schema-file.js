// A schema that a file has, put into the one that is edited: what the file does not name stays as it is.

/** @import { AttributeType, Label, Track } from "../types.js" */
/** @import { EditedLabel, EditedTrack } from "./labels.js" */

const KEYS = [..."123456789"];
const SETTINGS = /** @type {const} */ (["closed", "exclusive", "parent", "dependency", "scale"]);

/** What a file said that is new, and what of the schema it changed, by name.
 * @typedef {{ labels: string[], rows: string[], changed: string[] }} FromFile
 */

/** What the schema says of a row where it says nothing. @param {string} track @returns {Track} */
export const blankTrack = (track) => ({
  track,
  closed: false,
  exclusive: false,
  attributes: [],
  parent: null,
  dependency: "",
  scale: null,
});

/** Attributes as the file has them; those that it does not name stay.
 * @param {readonly AttributeType[]} here
 * @param {readonly AttributeType[]} file
 */
function withAttributes(here, file) {
  const named = new Map(structuredClone(file).map((each) => [each.name, each]));
  const kept = here.map((each) => named.get(each.name) ?? each);
  const names = new Set(here.map(({ name }) => name));
  return [...kept, ...[...named.values()].filter(({ name }) => !names.has(name))];
}

/** The labels of a row with those of a file. A key that a label has of which the file says nothing stays that label's:
 * another one keeps its own, or gets the first that is free.
 * @param {string} track
 * @param {readonly EditedLabel[]} here
 * @param {readonly Label[]} file
 * @param {FromFile} said is told what is new and what changed
 * @returns {EditedLabel[]}
 */
function withLabels(track, here, file, said) {
  const named = new Map(file.map((each) => [each.label, each]));
  const taken = new Set(here.filter(({ label }) => !named.has(label)).map(({ hotkey }) => hotkey));
  const keyOf = (/** @type {Label} */ { hotkey: wanted }, /** @type {string | null} */ own) => {
    if (wanted === null) return null;
    const key = [wanted, own, ...(wanted ? KEYS : [])].find((each) => each && !taken.has(each)) ?? null;
    taken.add(key);
    return key;
  };
  const kept = here.map((label) => {
    const each = named.get(label.label);
    if (!each) return label;
    named.delete(label.label);
    const made = {
      ...label,
      colour: each.colour ?? label.colour,
      hotkey: keyOf(each, label.hotkey),
      kind: each.kind ?? label.kind,
      attributes: withAttributes(label.attributes, each.attributes ?? []),
    };
    if (JSON.stringify(made) !== JSON.stringify(label)) said.changed.push(label.label);
    return made;
  });
  const added = [...named.values()].map((each) => ({
    track,
    label: each.label,
    was: null,
    colour: each.colour,
    hotkey: keyOf(each, null),
    kind: each.kind ?? "segment",
    attributes: structuredClone(each.attributes ?? []),
  }));
  said.labels.push(...added.map(({ label }) => label));
  return [...kept, ...added];
}

/** The rows that are edited with what a file has: its rows and labels, each as the file says it.
 * @param {readonly EditedTrack[]} here
 * @param {{ labels: readonly Label[], tracks: readonly Track[] }} file
 * @returns {{ tracks: EditedTrack[], said: FromFile }}
 */
export function withFile(here, { labels, tracks }) {
  /** @type {FromFile} */
  const said = { labels: [], rows: [], changed: [] };
  const named = [...new Set([...tracks, ...labels].map(({ track }) => String(track)))];
  const known = new Map(here.map((row) => [row.track, row]));
  const all = [...here.map(({ track }) => track), ...named.filter((track) => !known.has(track))];
  const found = all.map((track) => {
    const row = known.get(track) ?? { ...blankTrack(track), attributes: [], listed: false, labels: [] };
    const told = tracks.find((each) => each.track === track);
    const made = {
      ...row,
      ...Object.fromEntries(SETTINGS.filter((key) => told?.[key] !== undefined).map((key) => [key, told?.[key]])),
      attributes: withAttributes(row.attributes, told?.attributes ?? []),
    };
    if (!known.has(track)) said.rows.push(track);
    else if (JSON.stringify(made) !== JSON.stringify(row)) said.changed.push(track);
    made.listed ||= told !== undefined;
    const own = labels.filter((each) => each.track === track);
    made.labels = withLabels(track, row.labels, own, said);
    return made;
  });
  return { tracks: found, said };
}

const FEW = 5;

/** @param {string[]} names @param {string} one @param {string} many */
const listed = (names, one, many) =>
  names.length
    ? `${names.length} ${names.length === 1 ? one : many}: ${names.slice(0, FEW).join(", ")}${names.length > FEW ? " …" : ""}`
    : "";

/** What came of a file, for whoever chose it. @param {FromFile} said */
export function toldOf({ labels, rows, changed }) {
  const parts = [
    listed(rows, "row is new", "rows are new"),
    listed(labels, "label is new", "labels are new"),
    listed(changed, "is changed", "are changed"),
  ].filter(Boolean);
  if (!parts.length) return "The labels have everything that is in this file.";
  const count = labels.length + rows.length + changed.length;
  return `${parts.join("; ")}. Save keeps ${count === 1 ? "it" : "them"}; what the file does not name stays.`;
}
