// Live rating: a slider for each scale, which the curve follows while the video plays; a gamepad's stick moves it, too.

import { el, redraw } from "./dom.js";

/** @import { TraceRecorder } from "../input/trace-recorder.js" */
/** @import { Player } from "./player.js" */
/** @import { Timeline } from "./timeline.js" */

const SMOOTHINGS = [0, 0.2, 0.5, 1, 2];
const DEAD = 0.08; // share of a stick's way that is rest
const AXES = [1, 0]; // of the first stick: up and down for the first scale, left and right for the second

export class TracePad {
  /** Rows that are drawn while the video plays. @type {Set<string>} */
  #armed = new Set();
  /** What the slider of each row says. @type {Map<string, number>} */
  #values = new Map();
  /** Rows that the stick was moved for since their slider was: it rests where they are. @type {Set<string>} */
  #byStick = new Set();
  /** @type {readonly { track: string, scale: readonly [number, number] }[]} */
  #rows = [];
  #isRunning = false;

  /**
   * @param {HTMLElement} box hidden where no row is drawn as a curve
   * @param {TraceRecorder} recorder
   * @param {Player} player
   * @param {Timeline} timeline
   */
  constructor(box, recorder, player, timeline) {
    this.box = box;
    this.recorder = recorder;
    this.player = player;
    this.timeline = timeline;
    globalThis.addEventListener?.("gamepadconnected", () => this.update(this.#rows));
    player.on("play", () => this.#run());
    player.on("pause", () => recorder.endAll());
  }

  /** @param {readonly { track: string, scale: readonly [number, number] }[]} rows */
  update(rows) {
    this.#rows = rows;
    for (const track of this.#armed) {
      if (rows.some((row) => row.track === track) && !this.timeline.rowLayout.isLocked(track)) continue;
      this.#armed.delete(track);
      this.recorder.end(track);
    }
    this.box.hidden = !rows.length;
    if (!rows.length) return;
    redraw(this.box, ...rows.map((row) => this.#line(row)), this.#smoothing(), this.#padNote());
  }

  /** @param {{ track: string, scale: readonly [number, number] }} row */
  #line({ track, scale: [low, high] }) {
    const value = this.#valueOf(track, [low, high]);
    const shown = el("output", { class: "mono", text: value.toFixed(2) });
    const isArmed = this.#armed.has(track);
    const isLocked = this.timeline.rowLayout.isLocked(track);
    return el(
      "div",
      { class: "trace" },
      el("button", {
        type: "button",
        class: "arm",
        "data-key": `arm ${track}`,
        "aria-pressed": String(isArmed),
        title: isLocked ? "This row is locked" : "While the video plays, the curve follows the slider",
        disabled: isLocked,
        text: isArmed ? "● Drawing" : "○ Draw",
        "aria-label": `Draw ${track} while the video plays`,
        onclick: () => this.#arm(track),
      }),
      el("span", { dir: "auto", text: track }),
      el("input", {
        type: "range",
        min: low,
        max: high,
        step: (high - low) / 100,
        value,
        "data-key": `slider ${track}`,
        "data-track": track,
        "aria-label": track,
        oninput: ({ target }) => {
          this.#byStick.delete(track);
          this.#values.set(track, Number(target.value));
          shown.textContent = Number(target.value).toFixed(2);
        },
      }),
      shown,
    );
  }

  /** What the slider says, within a scale that may have become smaller.
   * @param {string} track
   * @param {readonly [number, number]} scale
   */
  #valueOf(track, [low, high]) {
    return Math.min(Math.max(this.#values.get(track) ?? (low + high) / 2, low), high);
  }

  #smoothing() {
    const { timeline } = this;
    return el(
      "label",
      { class: "inline muted small" },
      "Shown ",
      el(
        "select",
        {
          "data-key": "smoothing",
          title: "How the curves are shown and compared by eye; what is kept is as it was drawn",
          onchange: ({ target }) => {
            timeline.smoothing = Number(target.value);
            timeline.invalidate();
          },
        },
        ...SMOOTHINGS.map((seconds) =>
          el("option", {
            value: seconds,
            text: seconds ? `smoothed by ${seconds} s` : "as drawn",
            selected: seconds === timeline.smoothing,
          }),
        ),
      ),
    );
  }

  #padNote() {
    const pad = gamepad();
    return pad ? el("span", { class: "muted small", text: "The gamepad's first stick moves the sliders." }) : null;
  }

  /** @param {string} track */
  #arm(track) {
    if (this.#armed.delete(track)) this.recorder.end(track);
    else this.#armed.add(track);
    this.update(this.#rows);
    this.#run();
  }

  /** While the video plays, what is armed is drawn at every frame of the page. */
  #run() {
    if (this.#isRunning || !this.#armed.size) return;
    this.#isRunning = true;
    const step = () => {
      this.#isRunning = this.#armed.size > 0 && this.player.rate > 0;
      if (!this.#isRunning) return;
      this.#readGamepad();
      for (const { track, scale } of this.#rows) {
        if (!this.#armed.has(track)) continue;
        this.recorder.say(track, this.player.time, this.#valueOf(track, scale));
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #readGamepad() {
    const pad = gamepad();
    if (!pad) return;
    const armed = this.#rows.filter(({ track }) => this.#armed.has(track)).slice(0, AXES.length);
    armed.forEach(({ track, scale: [low, high] }, n) => {
      const tilt = pad.axes[AXES[n]] ?? 0;
      const isResting = Math.abs(tilt) < DEAD;
      if (!isResting) this.#byStick.add(track);
      if (!this.#byStick.has(track)) return; // a pad that lies on the table leaves the slider alone
      const share = (isResting ? 0 : tilt) * (AXES[n] === 1 ? -1 : 1); // up is below 0
      const value = (low + high) / 2 + (share * (high - low)) / 2;
      this.#values.set(track, value);
      /** @type {HTMLInputElement | null} */
      const slider = this.box.querySelector(`input[data-track="${CSS.escape(track)}"]`);
      if (slider) slider.value = String(value);
    });
  }
}

const gamepad = () => [...(navigator.getGamepads?.() ?? [])].find((pad) => pad?.connected) ?? null;
