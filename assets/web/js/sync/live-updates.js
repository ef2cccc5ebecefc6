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
  #isAsking = false;
  #end = () => {};

  /**
   * @param {Server} server
   * @param {() => Known} known
   * @param {(news: News, since: number) => unknown} took is given each answer, and what was asked for
   * @param {(why: string) => void} gone
   */
  constructor(server, known, took, gone) {
    this.server = server;
    this.known = known;
    this.took = took;
    this.gone = gone;
  }

  begin() {
    changeFeed.look(this.known().video);
    this.#end = changeFeed.subscribe(() => this.catchUp());
  }

  end() {
    this.#end();
    changeFeed.look("");
  }

  async catchUp() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const request = { ...this.known(), annotator: currentUser(), window: WINDOW };
      await this.took(await call(this.server, "changes", request, PATIENCE_MS), request.since);
    } catch (error) {
      // the outbox says when the server is away; reading catches up by itself
      if (error instanceof ApiError && error.kind === "gone") this.gone(error.message);
    } finally {
      this.#isAsking = false;
    }
  }
}
