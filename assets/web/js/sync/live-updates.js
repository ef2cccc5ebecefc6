// What others did to a video: asked for when something changed.

import { ApiError, call } from "./api.js";
import { changeFeed, WINDOW } from "./change-feed.js";
import { currentUser } from "./current-user.js";

/** @import { News, Server } from "../types.js" */

/** Up to where the page knows what happened.
 * @typedef {{ video: string, since: number, run_since: number, schema: string }} Known
 */

const PATIENCE_MS = 15_000;

export class LiveUpdates {
  /** What is on its way, and whether something changed since it was asked for. @type {Promise<void> | null} */
  #asking = null;
  #isStale = false;
  #end = () => {};

  /**
   * @param {Server} server
   * @param {() => Known} known
   * @param {() => number} answered how many edits of this page were answered so far: news that were on their way while
   *   that happened do not know of them, and would take them back
   * @param {(news: News, since: number) => unknown} took is given each answer, and what was asked for
   * @param {(why: string) => void} gone
   */
  constructor(server, known, answered, took, gone) {
    this.server = server;
    this.known = known;
    this.answered = answered;
    this.took = took;
    this.gone = gone;
  }

  begin() {
    const { video } = this.known();
    changeFeed.look(video);
    this.#end = changeFeed.subscribe(() => this.catchUp(), 0, video);
  }

  end() {
    this.#end();
    changeFeed.look("");
  }

  /** Asks for what is new, also where that is on its way already: its answer may be older. */
  catchUp() {
    this.#isStale = true;
    this.#asking ??= this.#ask();
    return this.#asking;
  }

  async #ask() {
    try {
      while (this.#isStale) {
        this.#isStale = false;
        await this.#askOnce();
      }
    } catch (error) {
      // the outbox says when the server is away; reading catches up by itself
      if (error instanceof ApiError && error.kind === "gone") this.gone(error.message);
    } finally {
      this.#asking = null;
    }
  }

  async #askOnce() {
    let request;
    let news;
    let answered;
    do {
      answered = this.answered();
      request = { ...this.known(), annotator: currentUser(), window: WINDOW };
      news = await call(this.server, "changes", request, PATIENCE_MS);
    } while (answered !== this.answered());
    await this.took(news, request.since);
  }
}
