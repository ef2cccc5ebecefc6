// Hears that something in the library changed, and then only, by one stream of server-sent events a page. A page that
// nobody looks at has none: browsers allow six connections to a server, in all tabs together.

import { newId } from "../model/ids.js";
import { currentUser } from "./current-user.js";

const SILENCE_MS = 40_000; // the server says something every 15 s
const AGAIN_MS = 3_000;

/** This page, among those that look at the same video. */
export const WINDOW = newId();

class ChangeFeed {
  /** By what is called: the video that it is about, "" for anything. @type {Map<() => void, string>} */
  #listeners = new Map();
  /** @type {EventSource | null} */
  #source = null;
  #address = "";
  #video = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    for (const event of ["visibilitychange", "annotator"]) document.addEventListener(event, () => this.#renew());
  }

  /** Which video this page has open, to show it to those who have it open too. @param {string} video */
  look(video) {
    this.#video = video;
    this.#renew();
  }

  /** @param {() => Promise<unknown>} listener is called now, and when something may have changed, one call after the other
   * @param {number} [rest] in ms between them
   * @param {string} [video] the one whose timeline it is about, and not those of others
   * @returns {() => void} ends it */
  subscribe(listener, rest = 0, video = "") {
    let isBusy = false;
    let isStale = false;
    const tell = async () => {
      isStale = true;
      if (isBusy) return;
      isBusy = true;
      while (isStale && this.#listeners.has(tell)) {
        isStale = false;
        await listener().catch(() => {});
        await new Promise((wake) => setTimeout(wake, rest));
      }
      isBusy = false;
    };
    this.#listeners.set(tell, video);
    this.#renew();
    if (this.#source?.readyState !== EventSource.CONNECTING) tell(); // else when it is open
    return () => {
      this.#listeners.delete(tell);
      this.#renew();
    };
  }

  /** Looks when something may have changed, until it says that it has seen enough, or fails.
   * @param {() => Promise<boolean>} look
   * @param {number} [rest] in ms between two looks
   * @returns {Promise<void>}
   */
  until(look, rest = 0) {
    return new Promise((done, fail) => {
      const unsubscribe = this.subscribe(async () => {
        try {
          if (!(await look())) return;
          done();
        } catch (error) {
          fail(error);
        }
        unsubscribe();
      }, rest);
    });
  }

  /** Have the stream that is needed now. */
  #renew() {
    const query = new URLSearchParams({ video: this.#video, window: WINDOW, annotator: currentUser() });
    const wanted = document.hidden || !this.#listeners.size ? "" : `/changes?${query}`;
    if (wanted === this.#address) return;
    this.#address = wanted;
    this.#open();
  }

  #open() {
    this.#source?.close();
    clearTimeout(this.#timer);
    this.#source = null;
    if (!this.#address) return;
    const source = (this.#source = new EventSource(this.#address));
    const heard = () => this.#expect(SILENCE_MS);
    source.addEventListener("open", () => this.#tell()); // what was missed meanwhile
    source.addEventListener("beat", heard);
    source.addEventListener("changed", (event) => {
      heard();
      this.#tell(event.data);
    });
    source.addEventListener("error", () => this.#expect(AGAIN_MS));
    heard();
  }

  /** Begin anew unless something is heard. @param {number} ms */
  #expect(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), ms);
  }

  /** @param {string} [videos] that changed; none where it may be anything */
  #tell(videos = "") {
    const changed = videos.split(" ");
    for (const [listener, video] of this.#listeners) {
      if (!videos || !video || changed.includes(video)) listener();
    }
  }
}

export const changeFeed = new ChangeFeed();
