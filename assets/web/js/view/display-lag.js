// By how much the picture that a video shows is behind its clock: browsers tell the clock of what is decoded or heard, and
// two videos whose clocks agree may still show frames apart.

const SMOOTH = 0.1; // of each new frame: when a screen is drawn anew is by chance
const MOST_S = 0.25; // beyond, a frame was on its way when somebody went elsewhere

export class DisplayLag {
  /** s of its own time, below 0 where the picture is behind */
  seconds = 0;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    if (!video.requestVideoFrameCallback) return;
    const onFrame = (/** @type {number} */ now, /** @type {VideoFrameCallbackMetadata} */ frame) => {
      if (!video.paused && !video.seeking) this.#take(video, now, frame);
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  }

  /**
   * @param {HTMLVideoElement} video
   * @param {number} now
   * @param {VideoFrameCallbackMetadata} frame
   */
  #take(video, now, { mediaTime, expectedDisplayTime }) {
    const shown = mediaTime + ((now - expectedDisplayTime) / 1000) * video.playbackRate;
    const lag = shown - video.currentTime;
    if (Math.abs(lag) <= MOST_S) this.seconds += SMOOTH * (lag - this.seconds);
  }
}
