// The controls under the picture: playing, speed, sound, looping, hearing what was just changed, full screen.

/** @import { Workspace } from "../annotate/workspace.js" */
/** @import { Reaction } from "../types.js" */
/** @import { Find } from "./dom.js" */

export class Transport {
  /**
   * @param {Find} $
   * @param {Workspace} workspace
   */
  constructor($, workspace) {
    this.$ = $;
    this.workspace = workspace;
    const { player } = workspace;
    const { video } = player;
    const [speed, volume, hear] = [$("speed", "select"), $("volume", "input"), $("hear")];
    video.disablePictureInPicture = true; // a stray window over the timeline; browsers offer it in their own menu else
    player.on("play", () => this.state());
    player.on("pause", () => this.state());
    video.addEventListener("ratechange", () => (speed.value = String(video.playbackRate)));
    speed.addEventListener("change", () => (video.playbackRate = Number(speed.value)));
    volume.addEventListener("input", () => {
      player.heard.volume = Number(volume.value);
      player.heard.muted = player.heard.volume === 0;
    });
    player.on("volume", () => (volume.value = String(player.heard.muted ? 0 : player.heard.volume)));
    $("loop").addEventListener("click", () => this.loop());
    hear.setAttribute("aria-pressed", localStorage.getItem("hear") ?? "false");
    hear.addEventListener("click", () => {
      const on = hear.getAttribute("aria-pressed") !== "true";
      hear.setAttribute("aria-pressed", String(on));
      localStorage.setItem("hear", String(on));
    });
    const reaction = $("reaction", "input");
    reaction.checked = workspace.reaction.isOn;
    reaction.addEventListener("change", () => workspace.reaction.switch(reaction.checked));
    // all of the page is in full screen: what lies over the workspace, such as menus and messages, is outside of it
    document.addEventListener("fullscreenchange", () => {
      const isFull = document.fullscreenElement === document.documentElement;
      $("workspace").classList.toggle("full", isFull);
      document.querySelector("header.top")?.toggleAttribute("inert", isFull); // it lies under the workspace
    });
  }

  state() {
    const {
      $,
      workspace: { player },
    } = this;
    $("play").textContent = player.video.paused ? "▶" : "❚❚";
    $("loop").setAttribute("aria-pressed", String(Boolean(player.range?.loop)));
  }

  /** @param {Reaction} known */
  showReaction(known) {
    const { reaction } = this.workspace;
    reaction.take(known);
    const toggle = this.$("reaction-toggle");
    toggle.hidden = !reaction.delay;
    toggle.title = reaction.sentence;
    this.$("reaction-text").textContent = `Marks −${reaction.delay.toFixed(2)} s`;
  }

  /** The chosen segment over and over, else the whole video's view. */
  loop() {
    const { doc, player, selection, timeline } = this.workspace;
    if (!doc) return;
    if (player.range?.loop) player.pause();
    else {
      const { start, end } = doc.store.shown(selection.current) ?? timeline;
      player.playRange(start, end, true);
    }
    this.state();
  }

  /** A boundary moved: play across it, if that is wanted.
   * @param {number} start
   * @param {number} end
   * @param {"start" | "end" | "body"} part
   */
  changed(start, end, part) {
    const {
      $,
      workspace: { player },
    } = this;
    if ($("hear").getAttribute("aria-pressed") === "true") player.playAround(part === "end" ? end : start);
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch(() => {});
  }
}
