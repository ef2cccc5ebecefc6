// Small pictures of the video along the timeline. Their times lie on a grid, so that the same few serve many zooms.

/** @import { Video } from "../types.js" */
/** @import { AnyRow } from "./layout.js" */
/** @import { Timeline } from "./timeline.js" */

const LOADING_AT_ONCE = 2; // each may be decoded on demand
const MOST = 400;

export class Filmstrip {
  /** time → image, null while it loads @type {Map<number, HTMLImageElement | null>} */
  pictures = new Map();
  /** @type {number[]} */
  waiting = [];
  loading = 0;
  /** @type {Video | null} */
  video = null;

  /** @param {() => void} onload */
  constructor(onload) {
    this.onload = onload;
  }

  /** @param {Video | null} video */
  open(video) {
    this.video = video;
    this.pictures.clear();
    this.waiting = [];
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Timeline} timeline
   * @param {AnyRow} row
   */
  draw(ctx, timeline, row) {
    const { video } = this;
    if (!video) return;
    const height = row.height - 2;
    const width = Math.max(24, (height * video.width) / video.height);
    const perPicture = (width / timeline.width) * (timeline.end - timeline.start);
    const step = 2 ** Math.ceil(Math.log2(perPicture / 1.4)); // seconds between pictures, a power of two
    this.waiting = [];
    for (let n = Math.floor(timeline.start / step); n * step < timeline.end; n++) {
      const time = Math.min((n + 0.5) * step, video.duration);
      const x = timeline.x(n * step);
      const room = timeline.x((n + 1) * step) - x;
      const image = this.picture(time);
      if (!image) continue;
      const shown = Math.min(room, width);
      const cut = ((1 - shown / width) / 2) * image.naturalWidth; // the middle of the picture where there is little room
      ctx.drawImage(
        image,
        cut,
        0,
        image.naturalWidth - 2 * cut,
        image.naturalHeight,
        x,
        row.y + 1,
        Math.min(room, width) - 1,
        height,
      );
    }
    this.load();
  }

  /** @param {number} time */
  picture(time) {
    const found = this.pictures.get(time) ?? null;
    if (!this.pictures.has(time)) this.waiting.push(time);
    return found;
  }

  load() {
    while (this.video && this.loading < LOADING_AT_ONCE && this.waiting.length) {
      const time = this.waiting.shift() ?? 0;
      const image = new Image();
      const { id } = this.video;
      this.pictures.set(time, null);
      this.loading++;
      const done = (/** @type {boolean} */ loaded) => {
        this.loading--;
        if (this.video?.id !== id) return;
        if (loaded) this.pictures.set(time, image);
        const [oldest] = this.pictures.keys();
        if (this.pictures.size > MOST) this.pictures.delete(oldest);
        this.onload();
      };
      image.onload = () => done(true);
      image.onerror = () => done(false);
      image.src = `/thumbnail/${id}?t=${time}`;
    }
  }
}
