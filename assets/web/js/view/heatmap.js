// Which parts of which videos fit a query, drawn by Plotly once somebody asks to see it.

import { plain, plotly } from "./plotly.js";

const ROW_PX = 26;
const MARGIN = { l: 190, r: 20, t: 8, b: 34 };

export class HeatMap {
  constructor(details, box, open) {
    this.details = details;
    this.box = box;
    this.open = open;
    this.strips = [];
    details.addEventListener("toggle", () => details.open && this.draw());
    new MutationObserver(() => details.open && this.draw()).observe(document.body, {
      attributes: true,
      attributeFilter: ["class"],
    });
  }

  show(strips) {
    this.strips = strips;
    this.details.hidden = strips.length === 0;
    if (this.details.open) this.draw();
  }

  async draw() {
    const Plotly = await plotly();
    const { strips, box } = this;
    if (!strips.length) return; // nothing was found
    const bins = strips[0].scores.length;
    const share = (bin) => Math.round(((bin + 0.5) / bins) * 100);
    const style = getComputedStyle(document.body);
    const ink = style.getPropertyValue("--ms-text").trim();
    const trace = {
      type: "heatmap",
      z: strips.map((strip) => strip.scores),
      x: [...Array(bins).keys()].map(share),
      y: strips.map((_, i) => i),
      text: strips.map((strip) =>
        strip.scores.map((s, bin) => `${((share(bin) / 100) * strip.duration).toFixed(1)} s: ${s.toFixed(3)}`),
      ),
      hovertemplate: "%{text}<extra></extra>",
      colorscale: "Viridis",
      colorbar: { thickness: 10, title: { text: "cosine", side: "right" }, tickfont: { color: ink } },
      ygap: 3,
    };
    const layout = {
      height: Math.max(120, ROW_PX * strips.length + MARGIN.t + MARGIN.b),
      margin: MARGIN,
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      font: { color: ink, family: "system-ui, sans-serif", size: 12 },
      xaxis: { title: { text: "part of the video, %" }, zeroline: false },
      // names are ticks, not categories: two videos may have the same name; Plotly must not read them as markup
      yaxis: {
        autorange: "reversed",
        tickvals: strips.map((_, i) => i),
        ticktext: strips.map((strip) => plain(strip.name)),
        zeroline: false,
      },
    };
    await Plotly.react(box, [trace], layout, { displayModeBar: false, responsive: true });
    box.removeAllListeners("plotly_click");
    box.on("plotly_click", ({ points: [point] }) => {
      const strip = this.strips[point.y];
      this.open(strip.video, ((point.x / 100) * strip.duration).toFixed(3));
    });
  }
}
