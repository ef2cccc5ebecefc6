// One moment that was found: its picture, where it lies in its video, and on demand why.

import { clock, el } from "./dom.js";

const FRAMES = 8; // pictures one sees while moving over a moment

export function card(hit, rank, { strip, weak, open, alike, why }) {
  const from = clock(hit.start, 1);
  const picture = (t) => `/thumbnail/${hit.video}?t=${t.toFixed(2)}`;
  const image = el("img", { src: picture(hit.peak), alt: "", loading: "lazy" });
  const show = (t = hit.peak) => {
    if (!image.src.endsWith(picture(t))) image.src = picture(t);
  };
  const share = (event) => Math.min(0.999, Math.max(0, event.offsetX / event.currentTarget.clientWidth));
  const reasons = el("div", { class: "why", hidden: true });
  return el(
    "article",
    {
      class: weak ? "card hit weak" : "card hit",
      "data-video": hit.video,
      "data-start": hit.start,
      "data-end": hit.end,
      "data-score": hit.score,
    },
    el(
      "button",
      {
        class: "picture",
        type: "button",
        "aria-label": `${rank + 1}: ${hit.name}, ${from} to ${clock(hit.end, 1)}, score ${hit.score}`,
        onclick: () => open({ video: hit.video, t: hit.start }),
        onmousemove: (event) => show(hit.start + (Math.floor(share(event) * FRAMES) / FRAMES) * (hit.end - hit.start)),
        onmouseleave: () => show(),
      },
      image,
      el("span", { class: "badge", text: `${from}–${clock(hit.end, 1)}` }),
    ),
    strip &&
      el("canvas", {
        class: "strip",
        width: strip.scores.length,
        height: 1,
        role: "img",
        title: "The whole video: brighter fits better. Click to go there.",
        "aria-label": "How well each part of the video fits",
        onclick: (event) => open({ video: hit.video, t: (share(event) * strip.duration).toFixed(3) }),
        onmousemove: (event) => show(share(event) * strip.duration),
        onmouseleave: () => show(),
      }),
    el(
      "div",
      { class: "caption" },
      el("p", { class: "title", text: hit.name, title: hit.name }),
      el("span", {
        class: "score",
        text: hit.score.toFixed(3),
        title: hit.line
          ? `${hit.visual.toFixed(3)} by the best frame; the rest for what is said`
          : "Cosine similarity with the best frame",
      }),
    ),
    hit.line && el("p", { class: "line", dir: "auto", text: `“${hit.line}”` }),
    el(
      "div",
      { class: "row actions" },
      el("button", { class: "link", type: "button", text: "More like this", onclick: alike }),
      why &&
        el("button", {
          class: "link",
          type: "button",
          text: "Why?",
          "aria-expanded": "false",
          onclick: (event) => explain(event.currentTarget, reasons, why, show),
        }),
    ),
    reasons,
  );
}

// Draws the strips of cards that are in the page; the brightness is relative to the best part of all of them.
export function paint(cards, strips) {
  const all = [...strips.values()].flatMap((strip) => strip.scores);
  const low = Math.min(...all);
  const high = Math.max(...all);
  for (const each of cards) {
    const canvas = each.querySelector(".strip");
    const strip = strips.get(each.dataset.video);
    if (!canvas || !strip) continue;
    const ctx = canvas.getContext("2d");
    const pixels = ctx.createImageData(strip.scores.length, 1);
    strip.scores.forEach((score, i) => {
      const inside =
        ((i + 1) / strip.scores.length) * strip.duration > Number(each.dataset.start) &&
        (i / strip.scores.length) * strip.duration < Number(each.dataset.end);
      const light = ((score - low) / Math.max(1e-6, high - low)) ** 1.5;
      pixels.data.set([...(inside ? [79, 70, 229] : [120, 128, 160]), 40 + 215 * light], 4 * i);
    });
    ctx.putImageData(pixels, 0, 0);
  }
}

async function explain(button, box, why, show) {
  box.hidden = !box.hidden;
  button.setAttribute("aria-expanded", String(!box.hidden));
  if (box.hidden || box.childElementCount) return;
  box.textContent = "Looking…";
  try {
    const { words, frames } = await why();
    const least = Math.min(...frames.map(([, score]) => score));
    const most = Math.max(...frames.map(([, score]) => score));
    box.replaceChildren(
      el(
        "p",
        { class: "words", dir: "auto", title: "How much worse the best frame fits without each word" },
        ...words.map(([word, weight]) => {
          const mark = el("mark", { text: word, title: weight.toFixed(2), class: weight < 0 ? "against" : "" });
          mark.style.setProperty("--weight", Math.abs(weight).toFixed(2));
          return mark;
        }),
      ),
      el(
        "div",
        { class: "frames", title: "How well each sampled frame fits; point at one to see it" },
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
  } catch (error) {
    box.textContent = error.message;
  }
}

// Arrow keys move between moments as they lie on the page; ↓ in the search field enters them, ↑ from the first row leaves.
export function walk(event, box, field) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: "down", ArrowUp: "up" }[event.key];
  const all = [...box.querySelectorAll(".picture")];
  if (!step || !all.length || event.ctrlKey || event.altKey || event.metaKey) return;
  const at = all.indexOf(document.activeElement);
  if (at < 0) {
    if (step !== "down" || (document.activeElement !== field && document.activeElement !== document.body)) return;
    event.preventDefault();
    all[0].focus();
    return;
  }
  const columns = getComputedStyle(box).gridTemplateColumns.split(" ").length;
  const to = at + (step === "down" ? columns : step === "up" ? -columns : step);
  event.preventDefault();
  (all[to] ?? (to < 0 ? field : all[at])).focus();
}
