// Why a moment was found: its words, its frames, and where in the picture each part of the question is seen.

import { LIKELY, percent } from "./certainty.js";
import { clock, contextOf, el } from "./dom.js";

/** @import { Explanation } from "../types.js" */

const KINDS = { object: "thing", attribute: "property", action: "action" };

/**
 * @param {Explanation} explanation
 * @param {HTMLElement} picture what holds the picture of the moment
 * @param {(t?: number) => void} show another frame in it, or the usual one
 * @returns {HTMLElement[]}
 */
export function explanationOf({ words, frames, parts, grid, area, peak }, picture, show) {
  const least = Math.min(...frames.map(([, score]) => score));
  const most = Math.max(...frames.map(([, score]) => score));
  const found = [
    el(
      "p",
      { class: "words", dir: "auto", title: "How much worse the best frame matches without each word" },
      ...words.map(([word, weight]) => {
        const mark = el("mark", { text: word, title: weight.toFixed(2), class: weight < 0 ? "against" : "" });
        mark.style.setProperty("--weight", Math.abs(weight).toFixed(2));
        return mark;
      }),
    ),
  ];
  if (parts.length) found.push(partsOf(parts, grid, area, peak, picture, show));
  found.push(
    el(
      "div",
      { class: "frames", title: "How well each sampled frame matches; point at one to see it" },
      ...frames.map(([t, score]) => {
        const bar = el("i", {
          title: `${clock(t, 1)}: ${score.toFixed(3)}`,
          onmouseenter: () => show(t),
          onmouseleave: () => show(),
        });
        bar.style.height = `${15 + 85 * ((score - least) / Math.max(1e-6, most - least))}%`;
        return bar;
      }),
    ),
  );
  return found;
}

/** One button a part; while it is pressed, pointed at or has the focus, the picture shows where the part is seen.
 * @param {Explanation["parts"]} parts
 * @param {number} grid
 * @param {Explanation["area"]} area
 * @param {number} peak
 * @param {HTMLElement} picture
 * @param {(t?: number) => void} show
 */
function partsOf(parts, grid, area, peak, picture, show) {
  /** @type {{ button: HTMLElement, heat: number[] } | null} */
  let pressed = null;
  const clear = () => {
    picture.querySelector(".heat-map")?.remove();
    show();
  };
  /** @param {number[]} heat */
  const draw = (heat) => {
    clear();
    show(peak);
    const image = picture.querySelector("img");
    if (image && grid) picture.append(heatMap(heat, grid, area, image));
  };
  const rest = () => (pressed ? draw(pressed.heat) : clear());
  const buttons = parts.map(({ word, kind, text, confidence, heat }) => {
    const where = grid ? "; press to see where" : "";
    return el(
      "button",
      {
        type: "button",
        class: `part ${confidence < LIKELY ? "missing" : ""}`,
        disabled: !grid,
        "aria-pressed": "false",
        title: `${KINDS[kind]}: “${text}” is ${percent(confidence)} likely in the best frame${where}`,
        onmouseenter: () => draw(heat),
        onfocus: () => draw(heat),
        onmouseleave: rest,
        onblur: rest,
        onclick: ({ currentTarget: button }) => {
          pressed?.button.setAttribute("aria-pressed", "false");
          pressed = pressed?.button === button ? null : { button, heat };
          button.setAttribute("aria-pressed", String(Boolean(pressed)));
          rest();
        },
      },
      el("span", { dir: "auto", text: word }),
      el("b", { text: percent(confidence) }),
    );
  });
  return el("div", { class: "parts", role: "group", "aria-label": "What of the question is seen" }, ...buttons);
}

/** Cells that add to the likeness in the accent's colour, the more the stronger; what takes away from it stays clear.
 * @param {number[]} heat
 * @param {number} grid
 * @param {Explanation["area"]} area
 * @param {HTMLImageElement} image
 */
function heatMap(heat, grid, [x, y, width, height], image) {
  const canvas = el("canvas", { class: "heat-map", width: grid, height: grid, "aria-hidden": "true" });
  const ctx = contextOf(canvas);
  const pixels = ctx.createImageData(grid, grid);
  const most = Math.max(1e-6, ...heat);
  heat.forEach((value, i) => pixels.data.set([250, 60, 30, 190 * Math.max(0, value / most) ** 1.5], 4 * i));
  ctx.putImageData(pixels, 0, 0);
  // The frame lies in the middle of its place, as large as fits.
  const fit = image.naturalWidth / image.naturalHeight / (image.clientWidth / image.clientHeight);
  const [wide, high] = [Math.min(1, fit), Math.min(1, 1 / fit)];
  Object.assign(canvas.style, {
    left: `${100 * ((1 - wide) / 2 + wide * x)}%`,
    top: `${100 * ((1 - high) / 2 + high * y)}%`,
    width: `${100 * wide * width}%`,
    height: `${100 * high * height}%`,
  });
  return canvas;
}
