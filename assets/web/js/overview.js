// The Overview page: what the studio works on, how far people are, who did what, how well people agree, and how the studio itself is.

import { addressOf, follow, onRoute } from "./router.js";
import { call, messageOf } from "./sync/api.js";
import { changeFeed } from "./sync/change-feed.js";
import { currentUser } from "./sync/current-user.js";
import { clock, counted, el, finder, toast } from "./view/dom.js";
import { drawMatrix } from "./view/plotly.js";
import { statusParts, tile } from "./view/status.js";
import { StoragePanel } from "./view/storage-panel.js";
import { TimeBudgetPanel } from "./view/time-budget.js";
import { WorkPanel } from "./view/work-panel.js";

/** @import { AgreementPair, Server } from "./types.js" */

const PEOPLE = [
  "Annotator",
  "Videos",
  "Done with",
  "Edits",
  "By hand",
  "Accepted",
  "Corrected",
  "Rejected",
  "Imported",
  "Boundaries moved",
  "Last edit",
];
const PAIRED =
  "Segments of two people are paired by overlap and label; one without a partner counts as 0. " +
  "κ is Cohen's, over every instant of the video, label by label. α is Krippendorff's, over what both say of paired segments.";
const NO_PAIRS = "Agreement needs two people who marked the same row of the same video, each under their own name.";
const EVERY_MS = 3000;
const REST_MS = 1000; // between two looks at the work

/** @typedef {typeof table} Table */

/**
 * @param {HTMLElement} element
 * @param {Server} server
 */
export function mount(element, server) {
  const $ = finder(element);
  const [track, measure] = [$("team-track", "select"), $("team-measure", "select")];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  let leave = () => {};
  let agreements = 0;

  async function people() {
    const rows = await call(server, "statistics", {});
    $("team-people").replaceChildren(
      rows.length
        ? table(
            PEOPLE,
            rows.map((p) => [
              p.annotator || "(no name)",
              p.videos,
              p.done,
              p.edits,
              p.manual,
              p.accepted,
              p.correction,
              p.rejected,
              p.import,
              p.shift === null ? null : `${p.shift.toFixed(2)} s`,
              new Date(p.last).toLocaleString(),
            ]),
          )
        : el("p", { class: "muted", text: "Nobody has changed anything yet." }),
    );
  }

  async function agreement() {
    const turn = ++agreements;
    const chosen = track.value;
    const found = await call(server, "agreement", { track: chosen });
    if (turn !== agreements) return; // another row was chosen since
    const { people: names, tracks, pairs, left_out: leftOut, curves } = found;
    track.replaceChildren(
      el("option", { value: "", text: "all rows" }),
      ...tracks.map((name) => el("option", { value: name, text: name, selected: name === chosen })),
    );
    const left = leftOut
      ? ` Only independent work is compared: ${counted(leftOut, "segment")} that several people worked on ` +
        `${leftOut === 1 ? "is" : "are"} left out between them.`
      : "";
    $("team-message").textContent = (pairs.length ? PAIRED : NO_PAIRS) + left;
    $("team-pairs").replaceChildren(
      ...(pairs.length
        ? [
            table(
              ["Annotators", "Videos", "Pairs", "Left out", "IoU", "κ", "Starts apart", "Ends apart"],
              pairs.map((p) => [
                `${p.one} · ${p.other}`,
                p.videos,
                p.segments,
                p.left_out,
                p.iou.toFixed(2),
                p.kappa?.toFixed(2),
                p.start === null ? null : `${p.start.toFixed(2)} s`,
                p.end === null ? null : `${p.end.toFixed(2)} s`,
              ]),
            ),
          ]
        : []),
      ...pairs.filter((p) => p.attributes.length).map(attributesOf),
      ...(curves.length ? [curvesPart(curves)] : []),
    );
    await draw(names, pairs, measure.value === "kappa" ? "kappa" : "iou");
  }

  /**
   * @param {string[]} names
   * @param {AgreementPair[]} pairs
   * @param {"iou" | "kappa"} by
   */
  async function draw(names, pairs, by) {
    const box = $("team-plot");
    box.hidden = !pairs.length;
    if (!pairs.length) return;
    const pairOf = (/** @type {string} */ a, /** @type {string} */ b) =>
      pairs.find(({ one, other }) => [one, other].includes(a) && [one, other].includes(b));
    const value = (/** @type {string} */ a, /** @type {string} */ b) => (a === b ? 1 : (pairOf(a, b)?.[by] ?? null));
    const z = names.map((a) => names.map((b) => value(a, b)));
    await drawMatrix(
      box,
      names,
      {
        z,
        zmin: by === "kappa" ? -1 : 0,
        zmax: 1,
        colorscale: by === "kappa" ? "RdBu" : "Blues",
        reversescale: by !== "kappa",
        texttemplate: "%{z:.2f}",
        hovertemplate: "%{y} · %{x}: %{z:.3f}<extra></extra>",
      },
      { cell: 46, below: 60 },
    );
  }

  async function progress() {
    const found = await call(server, "progress", { annotator: currentUser() });
    const links = found.wait.map(({ id, name, waiting }) =>
      el(
        "li",
        {},
        el("a", {
          class: "link",
          href: addressOf("annotate", { video: id }),
          onclick: follow,
          dir: "auto",
          text: name,
        }),
        ` ${counted(waiting, "prediction")}`,
      ),
    );
    $("progress").replaceChildren(
      el(
        "div",
        { class: "tiles" },
        tile("Videos", String(found.videos), `${found.annotated} with annotations`),
        tile("Annotations", String(found.annotations), found.labels.length ? "by label below" : ""),
        tile("To review", counted(found.undecided, "prediction"), `in ${counted(found.waiting, "video")}`),
      ),
      ...(links.length ? [el("h3", { text: "Still to review" }), el("ul", { class: "plain-list" }, ...links)] : []),
      ...(found.labels.length
        ? [
            el("h3", { text: "Labels" }),
            el(
              "div",
              { class: "table" },
              table(
                ["Label", "Segments", "Videos", "Together"],
                found.labels.map((each) => [each.label, each.segments, each.videos, clock(each.duration, 0)]),
              ),
            ),
          ]
        : []),
    );
  }

  async function status() {
    $("status").replaceChildren(...statusParts(await call(server, "show_status", {})));
  }

  const attempt = (/** @type {() => Promise<void>} */ work) =>
    work().catch((error) => toast(messageOf(error), "error"));

  // the charts are drawn in the colours of the page, which a person may change
  new MutationObserver(() => {
    if ($("team-plot").checkVisibility()) attempt(agreement);
    if ($("transitions-plot").checkVisibility()) attempt(spent);
  }).observe(document.body, { attributes: true, attributeFilter: ["class"] });

  const timeBudget = new TimeBudgetPanel(element, server, table);
  const spent = () => timeBudget.show();
  timeBudget.listen(() => attempt(spent));
  const work = new WorkPanel(element, server);
  const storage = new StoragePanel(element, server);
  for (const field of [track, measure]) field.addEventListener("change", () => attempt(agreement));
  onRoute(({ page }) => {
    clearInterval(timer);
    leave();
    leave = () => {};
    if (page !== "overview") return;
    attempt(() => work.refresh());
    leave = changeFeed.subscribe(() => work.refresh(), REST_MS);
    for (const part of [progress, people, agreement, spent, status]) attempt(part);
    attempt(async () => void (await storage.refresh()));
    const again = () => Promise.all([status(), storage.refresh()]).catch(() => {});
    timer = setInterval(() => document.hidden || again(), EVERY_MS);
  });
}

/** How two people agree about what segments are like. @param {AgreementPair} pair */
const attributesOf = ({ one, other, attributes }) =>
  el(
    "section",
    { class: "agreed" },
    el("h4", { dir: "auto", text: `Attributes: ${one} · ${other}` }),
    table(
      ["Attribute", "Both say", "Only one says", "The same", "α", "Apart"],
      attributes.map((each) => [
        each.name,
        each.pairs,
        each.alone,
        `${Math.round(100 * each.same)} %`,
        each.alpha?.toFixed(2),
        each.apart?.toFixed(2),
      ]),
    ),
  );

/** How far what people drew of scales agrees.
 * @param {{ track: string, one: string, other: string, seconds: number, r: number | null, ccc: number | null,
 *   apart: number }[]} curves
 */
const curvesPart = (curves) =>
  el(
    "section",
    { class: "agreed" },
    el("h4", { text: "Curves" }),
    el("p", {
      class: "muted small",
      text:
        "Over the time that both drew: Pearson's r says whether they rise and fall together, Lin's CCC whether they say " +
        "the same values.",
    }),
    table(
      ["Row", "Annotators", "Both drew", "r", "CCC", "Apart"],
      curves.map((each) => [
        each.track,
        `${each.one || "(no name)"} · ${each.other || "(no name)"}`,
        `${each.seconds.toFixed(1)} s`,
        each.r?.toFixed(2),
        each.ccc?.toFixed(2),
        each.apart.toFixed(2),
      ]),
    ),
  );

/**
 * @param {string[]} heads
 * @param {(string | number | null | undefined)[][]} rows
 */
function table(heads, rows) {
  return el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })))),
    el(
      "tbody",
      {},
      ...rows.map((cells) => el("tr", {}, ...cells.map((text) => el("td", { dir: "auto", text: text ?? "–" })))),
    ),
  );
}
