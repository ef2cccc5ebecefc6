// What a person can do to who is who. Each function is one step of undo: the names of faces, and with them the segments
// that stand in the row of a person, or were accepted under a person's name, and the lines that they say.

import { speakersOf } from "./line-speakers.js";
import { faceOf, inRowOf, isUnnamed, personOf } from "./people.js";

/** @import { Annotation, FaceTrack, NameChange } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */
/** @import { Editor } from "./editor.js" */
/** @import { People } from "./people.js" */

/** @param {DocumentStore} store */
const tracksOf = (store) => store.media.faces.map((face) => face.track);

/** The names of all people in a video, as a person reads them. @param {DocumentStore} store */
export function namesOf({ people, media }) {
  const names = media.faces.flatMap(({ track }) => [
    people.nameOf(track, 0),
    ...people.names.filter((entry) => entry.track === track).map((entry) => entry.name),
  ]);
  return [...new Set(names)].filter((name) => name !== null);
}

/** One person gets another name, also one who is only heard; two are one from then on, where somebody has that name.
 * @param {Editor} editor
 * @param {string} name
 * @param {string} to
 * @returns {string} a sentence where two became one, else nothing
 */
export function rename(editor, name, to) {
  const { store } = editor;
  if (!to || to === name) return "";
  const merges = namesOf(store).includes(to);
  const stays = merges && isUnnamed(to) && !isUnnamed(name) ? name : to;
  const goes = stays === to ? name : to;
  namePeople(editor, store.people.renamed(goes, stays, tracksOf(store)), { from: goes, to: stays });
  if (!merges) return "";
  const lost = isUnnamed(goes) ? "" : ` “${goes}” is gone; Undo brings both names back.`;
  return `“${name}” and “${to}” are one person now, called “${stays}”.${lost}`;
}

/** From `time` on, whoever is called `name` is somebody else, without a name yet.
 * @param {Editor} editor
 * @param {string} name
 * @param {number} time
 */
export function split(editor, name, time) {
  const { store } = editor;
  const tracks = tracksOf(store);
  namePeople(editor, store.people.split(name, time, unusedName([...tracks, ...namesOf(store)], tracks.length), tracks));
}

/** What was taken for a person is none. Segments stay where they are: somebody marked them.
 * @param {Editor} editor
 * @param {string} name
 */
export function removePerson(editor, name) {
  const { store } = editor;
  namePeople(editor, store.people.renamed(name, null, tracksOf(store)));
}

/** Every face is called as the tracker called it. @param {Editor} editor */
export function clearNames(editor) {
  namePeople(editor, editor.store.people.cleared());
}

/**
 * @param {readonly string[]} taken
 * @param {number} count
 */
function unusedName(taken, count) {
  let number = count + 1;
  while (taken.includes(`Person ${number}`)) number++;
  return `Person ${number}`;
}

/**
 * @param {Editor} editor
 * @param {NameChange} change
 * @param {{ from: string, to: string } | null} [renamed] whose lines go along
 */
function namePeople(editor, change, renamed = null) {
  const { store } = editor;
  const before = store.people;
  const { lines } = store.media;
  const speakers = renamed ? speakersOf(lines, store) : [];
  const isOfFaces = change.before.length > 0 || change.after.length > 0;
  editor.together(() => {
    if (isOfFaces) editor.name(change);
    for (const made of isOfFaces ? [...store.annotations.values()] : []) {
      const fields = followed(store, before, made);
      // also where the row is locked: the row itself has another name
      if (fields) editor.act(made, { ...made, ...fields }, { follows: true });
    }
    if (!renamed) return;
    // what faces and segments do not say, the lines do
    const now = speakersOf(lines, store);
    const left = lines.filter((_, at) => speakers[at] === renamed.from && now[at] !== renamed.to);
    if (left.length) editor.attribute(left, renamed.to);
  });
}

/** What becomes of an annotation by the names that people have now; null where nothing does.
 * @param {DocumentStore} store
 * @param {People} before who they were
 * @param {Annotation} made
 * @returns {Partial<Annotation> | null}
 */
function followed(store, before, made) {
  const track = inRowOf(made.track, newName(store, before, personOf(made.track), made));
  const label = made.prediction_id === null ? made.label : newName(store, before, made.label, made);
  const takes = !store.tracks.get(track)?.closed || store.isClass({ track, label });
  if (track === made.track && (label === made.label || !takes)) return null;
  return { track, label: takes ? label : made.label };
}

/** What somebody is called now who was called `name`; the name itself where it was nobody's, or they are nobody now.
 * @param {DocumentStore} store
 * @param {People} before
 * @param {string} name
 * @param {Annotation} made says when, and which face
 */
function newName(store, before, name, made) {
  const predicted = store.predictions.get(made.prediction_id ?? "");
  const at = predicted?.start ?? made.start;
  const own = predicted && faceOf(predicted.track);
  const isCalled = (/** @type {string} */ track) => before.nameOf(track, at) === name;
  const faces = store.media.faces.filter(({ track }) => isCalled(track));
  const face = own && isCalled(own) ? own : (faces.find((each) => isSeen(each, made)) ?? faces[0])?.track;
  if (face) return store.people.nameOf(face, at) ?? name;
  const [elsewhere] = before.stretches(name, tracksOf(store)); // somebody of that name is in the video at another time
  return (elsewhere && store.people.nameOf(elsewhere.track, elsewhere.from)) ?? name;
}

/** Whether a face is in the picture while something lasts.
 * @param {FaceTrack} face
 * @param {Annotation} made
 */
const isSeen = ({ boxes }, { start, end }) => boxes.some(([time]) => time >= start && time < end);
