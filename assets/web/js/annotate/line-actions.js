// What keys and the pointer on the timeline do to lines of the transcript that are chosen.

import { isLineId, itemIdOf, lineIdOf } from "../model/line-items.js";
import { cutAt } from "../model/line-cut.js";

/** @import { SavedLine } from "../document/line-editor.js" */
/** @import { Side } from "../view/hit-test.js" */
/** @import { Draft } from "../view/timeline.js" */
/** @import { Workspace } from "./workspace.js" */

const SAME = 5e-4; // s: closer than any two frames

export class LineActions {
  /** @param {Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
  }

  get #lines() {
    return this.workspace.opened.lines;
  }

  /** Whether what is chosen are lines. */
  get areChosen() {
    return isLineId(this.workspace.selection.current);
  }

  /** In order of time. */
  get chosen() {
    const ids = new Set([...this.workspace.selection.ids].map(lineIdOf));
    return /** @type {SavedLine[]} */ (this.#lines.all.filter((line) => ids.has(line.id)));
  }

  /** What was dragged is saved, as one step. @param {readonly Draft[]} drafts */
  async move(drafts) {
    const lines = drafts.flatMap(({ id, start, end, base }) => {
      const line = id === null ? null : this.#lines.find(lineIdOf(id));
      return line ? [{ ...line, start, end, version: base ?? line.version }] : [];
    });
    await this.workspace.attempt(() => this.#lines.retime(lines));
  }

  /** A new line, to be typed. @param {{ start: number, end: number }} span */
  create(span) {
    const { lists, transcript } = this.workspace.parts;
    lists.show("transcript");
    transcript.add(span);
  }

  /** By so many frames; no line leaves the video, or loses its last frame.
   * @param {Side} part
   * @param {number} count
   */
  async nudge(part, count) {
    const { frames } = this.workspace.player;
    const moved = this.chosen.flatMap((line) => {
      const start = part === "end" ? line.start : frames.edge(line.start, count);
      const end = part === "start" ? line.end : frames.edge(line.end, count);
      const isStopped = part === "body" && (start === line.start || end === line.end);
      return isStopped || start > end - SAME ? [] : [{ ...line, start, end }];
    });
    if (moved.length) await this.workspace.attempt(() => this.#lines.retime(moved));
  }

  /** At the playhead, between the words that it stands between. */
  async split() {
    const { player, selection } = this.workspace;
    const [line] = this.chosen;
    const cut = line && cutAt(line, player.time);
    if (!cut) {
      this.workspace.say("The playhead is not between two words of the line; there is nothing to split.");
      return;
    }
    const second = await this.workspace.attempt(() => this.#lines.split(line, cut.head, cut.tail, player.time));
    if (second !== null) selection.one(itemIdOf({ id: second }));
  }

  /** Two lines that follow one another, or one and the next. */
  async merge() {
    const { chosen } = this;
    const [line] = chosen;
    const next = line && this.#lines.beside(line.id);
    if (!next || chosen.length > 2 || (chosen[1] && chosen[1] !== next)) {
      this.workspace.say("Choose a line to merge it with the next one, or two that follow one another.");
      return;
    }
    await this.workspace.attempt(() => this.#lines.merge(line, line.text, /** @type {SavedLine} */ (next)));
  }

  async remove() {
    await this.workspace.attempt(() => this.#lines.removeAll(this.chosen));
  }

  /** Type in the line that is chosen. */
  type() {
    const { lists, transcript } = this.workspace.parts;
    const [line] = this.chosen;
    lists.show("transcript");
    if (line) transcript.edit(transcript.nodeOf(String(line.id)));
  }
}
