// The Search page: one line in, moments out.

import { call } from "./api.js";
import { clock, el } from "./dom.js";
import { HeatMap } from "./heatmap.js";
import { current, go, note, onRoute } from "./router.js";

const WEAK = 0.3; // a best hit below this cosine of the embedded encoder is rarely what was meant

export function mount(element, server) {
  const $ = (id) => element.querySelector(`#${id}`);
  const query = $("search-query");
  const status = $("search-status");
  let asked = 0;
  const heat = new HeatMap($("search-where"), $("search-heat"), (video, t) => go("annotate", { video, t, q: query.value.trim() }));

  async function search() {
    const text = query.value.trim();
    if (!text) return;
    note({ q: text });
    const number = ++asked;
    status.textContent = "Searching…";
    status.classList.remove("error");
    try {
      const { hits, strips, indexed, known } = await call(server, "search", { query: text });
      if (number !== asked) return;
      show(hits, indexed, known);
      heat.show(strips);
    } catch (error) {
      if (number !== asked) return;
      status.textContent = error.message;
      status.classList.add("error");
    }
  }

  function show(hits, indexed, known) {
    $("search-empty").hidden = true;
    const waiting = known - indexed;
    const later = waiting ? ` ${waiting} of ${known} videos are not searchable yet; the Library page says why.` : "";
    const found = hits.length ? `The ${hits.length} best moments.${hits[0].score < WEAK ? " None of them fits well: try other words." : ""}` : "Nothing to search yet: add videos on the Library page.";
    status.textContent = found + later;
    $("search-hits").replaceChildren(...hits.map(card));
  }

  function card(hit, rank) {
    const from = clock(hit.start, 1);
    return el("button", {
      class: hit.score < WEAK ? "card hit weak" : "card hit", "data-video": hit.video, "data-start": hit.start, "data-end": hit.end, "data-score": hit.score,
      "aria-label": `${rank + 1}: ${hit.name}, ${from} to ${clock(hit.end, 1)}, score ${hit.score}`,
      onclick: () => go("annotate", { video: hit.video, t: hit.start, q: query.value.trim() }),
    },
    el("span", { class: "picture" },
      el("img", { src: `/thumbnail/${hit.video}?t=${hit.peak}`, alt: "", loading: "lazy" }),
      el("span", { class: "badge", text: `${from}–${clock(hit.end, 1)}` })),
    el("span", { class: "caption" },
      el("span", { class: "title", text: hit.name }),
      el("span", { class: "score", text: hit.score.toFixed(3), title: "Cosine similarity of the text and the best frame" })));
  }

  $("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  for (const chip of element.querySelectorAll(".chip")) {
    chip.addEventListener("click", () => {
      query.value = chip.textContent;
      search();
    });
  }
  onRoute((route) => {
    if (route.page !== "search") return;
    if (route.q && route.q !== query.value) {
      query.value = route.q;
      search();
    }
    query.focus();
  });
}
