// Which parts of which videos fit a query, drawn by Plotly once somebody asks to see it.

import { keepHeight, plain, plotly } from "./plotly.js";

/** @import { ScoreProfile } from "../types.js" */

const ROW_PX = 26;
const MARGIN = { l: 190, r: 20, t: 8, b: 34 };

export class HeatMap {
  /** @type {readonly ScoreProfile[]} */
  profiles = [];

  /**
   * @param {HTMLDetailsElement} details
   * @param {HTMLElement} box
   * @param {(video: string, time: string) => void} open
   */
  constructor(details, box, open) {
    this.details = details;
    this.box = box;
    this.open = open;
    details.addEventListener("toggle", () => details.open && this.draw());
    new MutationObserver(() => details.open && this.draw()).observe(document.body, {
      attributes: true,
      attributeFilter: ["class"],
    });
  }

  /** @param {readonly ScoreProfile[]} profiles */
  show(profiles) {
    this.profiles = profiles;
    this.details.hidden = profiles.length === 0;
    if (this.details.open) this.draw();
  }

  async draw() {
    const Plotly = await plotly();
    const { profiles, box } = this;
    if (!profiles.length) return; // nothing was found
    const bins = profiles[0].scores.length;
    const share = (/** @type {number} */ bin) => Math.round(((bin + 0.5) / bins) * 100);
    const style = getComputedStyle(document.body);
    const ink = style.getPropertyValue("--ms-text").trim();
    const trace = {
      type: "heatmap",
      z: profiles.map((profile) => profile.scores),
      x: [...Array(bins).keys()].map(share),
      y: profiles.map((_, i) => i),
      text: profiles.map((profile) =>
        profile.scores.map((s, bin) => `${((share(bin) / 100) * profile.duration).toFixed(1)} s: ${s.toFixed(3)}`),
      ),
      hovertemplate: "%{text}<extra></extra>",
      colorscale: "Viridis",
      colorbar: { thickness: 10, title: { text: "similarity", side: "right" }, tickfont: { color: ink } },
      ygap: 3,
    };
    const layout = {
      height: keepHeight(box, Math.max(120, ROW_PX * profiles.length + MARGIN.t + MARGIN.b)),
      margin: MARGIN,
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      font: { color: ink, family: "system-ui, sans-serif", size: 12 },
      xaxis: { title: { text: "part of the video, %" }, zeroline: false },
      // names are ticks, not categories: two videos may have the same name; Plotly must not read them as markup
      yaxis: {
        autorange: "reversed",
        tickvals: profiles.map((_, i) => i),
        ticktext: profiles.map((profile) => plain(profile.name)),
        zeroline: false,
      },
    };
    await Plotly.react(box, [trace], layout, { displayModeBar: false, responsive: true });
    const plot = /** @type {any} what Plotly makes of the box */ (box);
    plot.removeAllListeners("plotly_click");
    plot.on("plotly_click", (/** @type {{ points: { x: number, y: number }[] }} */ { points: [point] }) => {
      const profile = this.profiles[point.y];
      this.open(profile.video, ((point.x / 100) * profile.duration).toFixed(3));
    });
  }
}
