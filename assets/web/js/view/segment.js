// One segment on the timeline's canvas.

import { summary, typesOf } from "../model/attribute-types.js";
import { certaintyOf } from "./certainty.js";
import { isolated } from "./dom.js";
import { inkOn } from "./layout.js";
import { drawPhases, shownPhases } from "./phases.js";

/** @import { Json, Verdict } from "../types.js" */
/** @import { Author } from "./authors.js" */
/** @import { Lane } from "./layout.js" */
/** @import { Timeline } from "./timeline.js" */

/** What is drawn of an annotation, a prediction, one of a job that still runs, or a draft.
 * @typedef {object} Drawn
 * @property {string | null} id
 * @property {string} track
 * @property {string} label
 * @property {Verdict} [verdict]
 * @property {boolean} [preview]
 * @property {number} [score]
 * @property {number} [confidence]
 * @property {number} start
 * @property {number} end
 * @property {{ [name: string]: Json }} [attributes]
 * @property {number} [onset]
 * @property {number} [apex]
 * @property {number} [offset]
 * @property {string} [annotator]
 *
 * @typedef {{ x: number, y: number, width: number, height: number }} Place px
 */

const SLIVER_PX = 4; // narrower segments have no corners and no text
const [AUTHOR_PX, AUTHOR_EDGE_PX, AUTHOR_ROOM_PX] = [22, 3, 60];
const POINT_PX = 6;
const DESCRIBED_PX = 60; // narrower segments say their label only
const MARKS = { "": "", accepted: "✓ ", corrected: "✎ ", rejected: "✗ " };

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {Drawn} item
 * @param {Lane["kind"]} kind
 * @param {Place} place
 */
export function drawSegment(ctx, timeline, item, kind, { x, y, width, height }) {
  const { ink, selection } = timeline;
  const colour = timeline.colour(item);
  const left = Math.max(x, -4);
  const right = Math.min(x + width, timeline.width + 4);
  const isChosen = item.id !== null && selection.has(item.id);
  const isHovered = item.id === timeline.hover;
  ctx.globalAlpha = kind === "annotation" ? 0.92 : opacityOf(item);
  ctx.fillStyle = colour;
  if (timeline.store.isPoint(item)) {
    drawPoint(ctx, timeline, item, { x: x + width / 2, y: y + height / 2 }, isChosen || isHovered);
    return;
  }
  if (width < SLIVER_PX && !isChosen && !isHovered) {
    // thousands of these are in view at once
    ctx.fillRect(left, y, right - left, height);
    ctx.globalAlpha = 1;
    return;
  }
  ctx.beginPath();
  if (width < SLIVER_PX) ctx.rect(left, y, right - left, height);
  else ctx.roundRect(left + 0.5, y + 0.5, right - left - 1, height - 1, Math.min(4, width / 2));
  ctx.fill();
  ctx.globalAlpha = item.verdict === "rejected" ? 0.4 : 1;
  if (kind === "prediction" && width >= 3) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1;
    ctx.setLineDash(item.preview || item.verdict ? [3, 2] : []);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  if (isChosen || isHovered) {
    ctx.strokeStyle = isChosen ? ink.text : ink.accent;
    ctx.lineWidth = item.id === selection.current ? 2.5 : 1.5;
    ctx.stroke();
  }
  const phases = width > 12 ? shownPhases(item) : null;
  if (phases) {
    const isCurrent = item.id !== null && item.id === selection.current;
    const line = kind === "annotation" ? inkOn(colour) : colour;
    drawPhases(ctx, timeline, phases, { y, height }, isCurrent && kind !== "annotation" ? ink.text : line, isCurrent);
  }
  const author = item.annotator === undefined ? undefined : timeline.authors.get(item.annotator);
  const mark = author ? drawAuthor(ctx, timeline, author, { x: left, y, width: right - left, height }) : 0;
  if (right - left > 26 && height > 11) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, y, right - left - 4 - mark, height);
    ctx.clip();
    ctx.fillStyle = kind === "annotation" ? inkOn(colour) : ink.text;
    const text = textOf(item, kind, right - left > 90);
    const hasRoom = right - left > DESCRIBED_PX;
    const more = kind === "annotation" && hasRoom ? summaryOf(timeline.store, item) : "";
    ctx.fillText(more ? `${text} · ${more}` : text, Math.max(left, 0) + 6, y + height / 2 + 0.5);
    ctx.restore();
  }
  ctx.globalAlpha = 1;
}

/** What attributes say, by themselves and their types: thousands of segments are drawn many times a second.
 * @type {WeakMap<object, { types: object, text: string }>}
 */
const summaries = new WeakMap();

/** What the typed attributes of an annotation say. @param {Timeline["store"]} store @param {Drawn} item */
function summaryOf(store, { track, label, attributes }) {
  if (!attributes || !store.describes) return "";
  const types = typesOf(store, { track, label });
  const known = summaries.get(attributes);
  if (known?.types === types) return known.text;
  const said = summary(types, attributes);
  const text = said && isolated(said);
  summaries.set(attributes, { types, text });
  return text;
}

/** A point in time: a diamond on it, and its label beside.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {Drawn} item
 * @param {{ x: number, y: number }} middle
 * @param {boolean} isMeant
 */
function drawPoint(ctx, { ink, selection }, { id, label }, { x, y }, isMeant) {
  ctx.beginPath();
  ctx.moveTo(x, y - POINT_PX);
  ctx.lineTo(x + POINT_PX, y);
  ctx.lineTo(x, y + POINT_PX);
  ctx.lineTo(x - POINT_PX, y);
  ctx.closePath();
  ctx.fill();
  ctx.globalAlpha = 1;
  if (!isMeant) return;
  ctx.strokeStyle = id !== null && selection.has(id) ? ink.text : ink.accent;
  ctx.lineWidth = id === selection.current ? 2.5 : 1.5;
  ctx.stroke();
  ctx.fillStyle = ink.text;
  ctx.fillText(isolated(label), x + POINT_PX + 3, y + 0.5);
}

/** Initials at the end of a segment that has room for them, on the colour of whose they are; else only the colour.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {Author} author
 * @param {Place} place
 * @returns {number} px that are taken
 */
function drawAuthor(ctx, { ink }, { initials, colour }, { x, y, width, height }) {
  const wide = width > AUTHOR_ROOM_PX && height > 11 ? AUTHOR_PX : AUTHOR_EDGE_PX;
  const left = x + width - wide - 2;
  ctx.fillStyle = ink.surface; // a label may have the same colour
  ctx.fillRect(left - 1, y + 3, wide + 1, height - 6);
  ctx.fillStyle = colour;
  ctx.fillRect(left, y + 3, wide, height - 6);
  if (wide === AUTHOR_PX) {
    ctx.fillStyle = inkOn(colour);
    ctx.textAlign = "center";
    ctx.fillText(isolated(initials), left + wide / 2, y + height / 2 + 0.5);
    ctx.textAlign = "start";
  }
  return wide + 4;
}

/** @param {Drawn} prediction */
function opacityOf({ verdict, preview }) {
  if (verdict) return verdict === "rejected" ? 0.08 : 0.12;
  return preview ? 0.15 : 0.3;
}

/**
 * @param {Drawn} item
 * @param {Lane["kind"]} kind
 * @param {boolean} hasRoom for how sure the model is
 */
function textOf({ label, verdict = "", score, confidence }, kind, hasRoom) {
  if (kind === "annotation") return isolated(label || "(no label)");
  const sure = hasRoom && score !== undefined ? certaintyOf({ score, confidence }) : "";
  return MARKS[verdict] + [label && isolated(label), sure].filter(Boolean).join(" · ");
}
