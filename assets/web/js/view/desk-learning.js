// What is learned of what is decided on the Review page: what is known of the label that is shown, and which labels are to
// be learned again.

import { Rounds } from "../model/desk.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { knownOf } from "./desk-known.js";
import { redraw, toast } from "./dom.js";

/** @import { DeskProgress, Server } from "../types.js" */
/** @import { DeskFilter } from "./desk-filter.js" */
/** @import { Find } from "./dom.js" */

const LEARN = "review-learn";

/** A label of a row. @typedef {{ label: string, track: string }} LabelOf */

export class DeskLearning {
  /** Labels that were decided about, until the server knows of all of it. @type {Map<string, LabelOf>} */
  #decided = new Map();
  /** When the label that was shown last was taught. @type {LabelOf & { taught?: string | null } | null} */
  #shown = null;
  #rounds = new Rounds();

  /**
   * @param {Find} $
   * @param {Server} server
   * @param {Pick<DeskFilter, "wanted">} filter
   * @param {(message: string) => void} complain
   */
  constructor($, server, filter, complain) {
    this.$ = $;
    this.server = server;
    this.filter = filter;
    this.complain = complain;
    this.wished = $("desk-learn", "input");
    this.wished.checked = localStorage.getItem(LEARN) !== "off";
    this.wished.addEventListener("change", () => localStorage.setItem(LEARN, this.wished.checked ? "on" : "off"));
  }

  /** Something was decided about one of these. @param {LabelOf} of */
  decided({ label, track }) {
    this.#decided.set(JSON.stringify([label, track]), { label, track });
  }

  /** What is known of the label that is shown, and whether it is to be learned again; where all are shown, those that
   * were taught before and decided about here.
   * @param {boolean} isSaved whether the server knows of all that was decided
   */
  async ask(isSaved) {
    const { label, track } = this.filter.wanted;
    const box = this.$("desk-known");
    box.hidden = !label || !track;
    if (box.hidden) {
      await this.#askDecided(isSaved);
      return;
    }
    const known = await this.#progressOf({ label, track });
    if (!known || label !== this.filter.wanted.label || track !== this.filter.wanted.track) return;
    const isSame = this.#shown?.label === label && this.#shown.track === track;
    const isNewRound = isSame && this.#shown?.taught && known.taught && known.taught !== this.#shown.taught;
    this.#shown = { label, track, taught: known.taught };
    redraw(box, ...knownOf(known, label));
    if (isNewRound) toast(`“${label}” was learned again; the next page shows what it finds now.`);
    this.#learn({ label, track }, known);
  }

  /** @param {boolean} isSaved */
  async #askDecided(isSaved) {
    const decided = [...this.#decided.values()];
    if (isSaved) this.#decided.clear();
    for (const each of this.wished.checked ? decided : []) {
      const known = await this.#progressOf(each);
      if (known?.taught) this.#learn(each, known);
    }
  }

  /** @param {LabelOf} of @returns {Promise<DeskProgress | null>} */
  #progressOf({ label, track }) {
    return call(this.server, "desk_progress", { label, track, annotator: currentUser() }).catch(() => null);
  }

  /** Learn it again, where enough was said of it since. @param {LabelOf} of @param {DeskProgress} known */
  #learn({ label, track }, known) {
    if (!this.wished.checked || !this.#rounds.isDue({ label, track }, known)) return;
    call(this.server, "teach", { label, track, annotator: currentUser() }).catch((error) =>
      this.complain(messageOf(error)),
    );
  }
}
