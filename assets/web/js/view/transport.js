// The controls under the picture: playing, speed, sound, looping, hearing what was just changed, full screen.

export class Transport {
  // workspace: {doc, player, selection}
  constructor($, workspace) {
    Object.assign(this, { $, workspace });
    const { player } = workspace;
    const { video } = player;
    video.disablePictureInPicture = true; // a stray window over the timeline; browsers offer it in their own menu else
    player.addEventListener("play", () => this.state());
    player.addEventListener("pause", () => this.state());
    video.addEventListener("ratechange", () => ($("speed").value = String(video.playbackRate)));
    $("speed").addEventListener("change", (event) => (video.playbackRate = Number(event.target.value)));
    $("volume").addEventListener("input", (event) => {
      video.volume = Number(event.target.value);
      video.muted = video.volume === 0;
    });
    video.addEventListener("volumechange", () => ($("volume").value = video.muted ? 0 : video.volume));
    $("loop").addEventListener("click", () => this.loop());
    $("hear").setAttribute("aria-pressed", localStorage.getItem("hear") ?? "false");
    $("hear").addEventListener("click", (event) => {
      const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
      event.currentTarget.setAttribute("aria-pressed", String(on));
      localStorage.setItem("hear", String(on));
    });
    document.addEventListener("fullscreenchange", () =>
      $("workspace").classList.toggle("full", document.fullscreenElement === $("workspace")),
    );
  }

  state() {
    const {
      $,
      workspace: { player },
    } = this;
    $("play").textContent = player.video.paused ? "▶" : "❚❚";
    $("loop").setAttribute("aria-pressed", String(Boolean(player.range?.loop)));
  }

  // The chosen segment over and over, else the whole video's view.
  loop() {
    const { doc, player, selection, timeline } = this.workspace;
    if (!doc) return;
    if (player.range?.loop) player.pause();
    else {
      const { start, end } = doc.item(selection.current) ?? timeline;
      player.playRange(start, end, true);
    }
    this.state();
  }

  // A boundary moved: play across it, if that is wanted.
  changed(start, end, part) {
    const {
      $,
      workspace: { player },
    } = this;
    if ($("hear").getAttribute("aria-pressed") === "true") player.playAround(part === "end" ? end : start);
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else
      this.$("workspace")
        .requestFullscreen()
        .catch(() => {});
  }
}
