// The gallery of encoders: what each is like, getting one from the hub, and making it the one that search sees with.

import { currentUser } from "../sync/current-user.js";
import { call, messageOf } from "../sync/api.js";
import { counted, el, finder } from "./dom.js";
import { replaced } from "./encoder-status.js";

/** @import { Calls, ModelCard, ModelDownload, EncoderStatus, Server } from "../types.js" */

const LOOK_MS = 1000; // between two looks at what is being fetched or indexed
const MB = 1e6;

/** Words of the published numbers. @type {{ [name: string]: string }} */
const NUMBERS = {
  ImageNet_top1: "ImageNet, top 1",
  mean_of_38: "mean of 38 sets",
  "COCO_t2i_R@1": "COCO, text to picture, R@1",
  "COCO_i2t_R@1": "COCO, picture to text, R@1",
  "MSRVTT_t2v_R@1": "MSR-VTT, text to video, R@1",
};

/** The section of the Models page. `changed` is called when a model came or the library's encoder changed.
 * @param {ParentNode} root
 * @param {Server} server
 * @param {() => unknown} changed
 */
export function encoderGallery(root, server, changed) {
  const $ = finder(root);
  /** @type {ModelCard[]} */
  let models = [];
  /** @type {{ [name: string]: ModelDownload }} */
  let downloads = {};
  /** @type {EncoderStatus} */
  let status = { encoder: "", next: "", gone: "" };
  let fixed = false;
  let shown = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** Whether the page is open. */
  let isHere = false;

  /** @param {Calls["list_models"][1]} known */
  function show(known) {
    models = known.models.filter((m) => m.task === "text_video" && !m.plugin);
    models.sort((a, b) => Number(b.default) - Number(a.default) || (a.parameters ?? 0) - (b.parameters ?? 0));
    ({ downloads, encoder: status, fixed } = known);
    shown = "";
    draw();
    follow();
  }

  function follow() {
    clearTimeout(timer);
    if (!isHere) return; // it was left while the server was asked
    if (status.next || status.replaced || Object.values(downloads).some((each) => each.running))
      timer = setTimeout(look, LOOK_MS);
  }

  async function look() {
    const before = { running: running(), encoder: status.encoder };
    try {
      ({ downloads, encoder: status } = await call(server, "model_downloads", {}));
      if (!isHere) return;
    } catch {
      return follow(); // the server is away: later
    }
    if (running() < before.running || status.encoder !== before.encoder) return void changed();
    draw();
    follow();
  }

  const running = () => Object.values(downloads).filter((each) => each.running).length;

  /** @param {string} name of the call @param {{ [field: string]: string }} [values] */
  async function act(name, values = {}) {
    try {
      await call(server, /** @type {any} */ (name), /** @type {any} */ ({ ...values, annotator: currentUser() }));
      $("encoders-problem").hidden = true;
    } catch (error) {
      $("encoders-problem").hidden = false;
      $("encoders-problem").textContent = messageOf(error);
    }
    changed();
  }

  function draw() {
    const seen = JSON.stringify([models, downloads, status, fixed]);
    if (seen === shown) return; // what the mouse or the keyboard is on stays
    shown = seen;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement?.closest("[data-encoder]"));
    const within = focused?.dataset.encoder;
    const action = document.activeElement?.textContent;
    $("encoders-status").replaceChildren(...change());
    $("encoders-list").replaceChildren(...models.map(row));
    if (!within) return;
    const buttons = [...$("encoders-list").querySelectorAll(`[data-encoder="${within}"] button`)];
    /** @type {HTMLElement | undefined} */ (
      buttons.find((button) => button.textContent === action) ?? buttons[0]
    )?.focus();
  }

  /** How the library stands. @returns {HTMLElement[]} */
  function change() {
    const said = (/** @type {string} */ text) => el("span", { text });
    const button = (/** @type {string} */ text, /** @type {string} */ name) =>
      fixed ? "" : el("button", { type: "button", text, onclick: () => act(name) });
    if (status.gone)
      return [said(`${status.gone} is no longer on this machine, so ${status.encoder} answers; get it again below.`)];
    if (!status.next && models.some((m) => m.name === status.encoder && m.problems.length))
      return [said(`A file of ${status.encoder} is damaged, so this library cannot be searched; get it again below.`)];
    if (status.replaced) return [said(replaced(status)), said("To search all of it meanwhile, use another one below.")];
    if (!status.next) return [said(`This library is searched with ${status.encoder}.`)];
    const { ready = 0, of = 0, failed = [] } = status;
    const share = el("progress", { max: Math.max(1, of), value: ready, "aria-label": "Videos that are indexed" });
    const parts = [
      said(`${ready} of ${counted(of, "video")} indexed with ${status.next}; ${status.encoder} answers until all are.`),
      share,
    ];
    if (failed.length) {
      const which = failed.length > 3 ? counted(failed.length, "video") : failed.map((name) => `“${name}”`).join(", ");
      parts.push(said(`${which} could not be indexed.`));
      if (ready + failed.length === of)
        parts.push(
          .../** @type {any} */ ([
            button("Try again", "retry_encoder"),
            button("Use it without them", "finish_encoder"),
          ]),
        );
    }
    return /** @type {HTMLElement[]} */ ([...parts, button("Stop", "stop_encoder")].filter(Boolean));
  }

  /** @param {ModelCard} m */
  function row(m) {
    const mine = status.encoder === m.name;
    return el(
      "article",
      { class: `encoder${mine ? " mine" : ""}`, "data-encoder": m.name },
      el(
        "div",
        {},
        el("h3", { text: m.name }),
        el("p", { text: m.summary }),
        el(
          "p",
          { class: "muted" },
          `Licence: ${m.licence}. `,
          m.hub ? link(`https://huggingface.co/${m.hub}`, "Its page") : "",
        ),
      ),
      el("div", {}, ...published(m)),
      el("div", {}, ...here(m)),
      el("div", { class: "actions" }, ...actions(m, mine)),
    );
  }

  /** @param {string} href @param {string} text */
  function link(href, text) {
    return el("a", { href, target: "_blank", rel: "noopener noreferrer", text });
  }

  /** @param {ModelCard} m */
  function published(m) {
    const numbers = Object.entries(m.published ?? {});
    if (!numbers.length)
      return [
        el("p", {
          class: "muted",
          text: m.hub ? "No published numbers are known." : "Measured by this project; see its card below.",
        }),
      ];
    return [
      el(
        "dl",
        {},
        ...numbers.flatMap(([name, value]) => [
          el("dt", { text: NUMBERS[name] ?? name }),
          el("dd", { text: `${value} %` }),
        ]),
      ),
      el("p", { class: "muted" }, "Published, ", link(m.published_in ?? "", "source")),
    ];
  }

  /** What it is like on this machine. @param {ModelCard} m */
  function here(m) {
    const lines = [];
    if (m.hub) {
      const fetched = m.installed
        ? `${megabytes(m.size)} on disk`
        : `about ${megabytes(m.download_bytes ?? 0)} to fetch`;
      lines.push(`${m.parameters} million parameters, ${fetched}`);
      const memory = `${((m.memory_bytes ?? 0) / 1e9).toFixed(1)} GB of memory`;
      lines.push(
        m.fits ? `needs about ${memory}: fits this machine` : `needs about ${memory}: more than this machine has`,
      );
    }
    const rate = m.images_per_second;
    if (rate)
      lines.push(
        m.estimated
          ? `about ${rounded(rate)} pictures a second here (an estimate)`
          : `${rounded(rate)} pictures a second here (measured)`,
      );
    return lines.map((text) => el("p", { class: text.includes("more than") ? "error" : "", text }));
  }

  /** @param {ModelCard} m @param {boolean} mine */
  function actions(m, mine) {
    const download = downloads[m.name];
    const button = (/** @type {string} */ text, /** @type {() => unknown} */ onclick, main = false) =>
      el("button", {
        type: "button",
        class: main ? "primary" : "",
        text,
        disabled: fixed,
        onclick,
        "aria-label": `${text} ${m.name}`,
      });
    const call = (/** @type {string} */ name) => () => act(name, { model: m.name });
    if (m.installed && !m.problems.length) {
      const state = mine ? "in use" : status.next === m.name ? "being indexed" : "";
      return [
        state ? el("span", { class: "tag installed", text: state }) : button("Use", call("use_encoder"), true),
        m.estimated || !m.images_per_second ? button("Measure its speed", call("time_encoder")) : null,
      ].filter((each) => each !== null);
    }
    if (!download)
      return [
        ...m.problems.map((text) => el("p", { class: "error", text })),
        m.hub ? button("Get", call("get_model")) : null,
      ].filter((each) => each !== null);
    const { running, done, total, error } = download;
    const share = total ? `${megabytes(done)} of ${megabytes(total)}` : "Asking the hub…";
    return [
      el("progress", { max: Math.max(1, total), value: done, "aria-label": `How much of ${m.name} is here` }),
      el("span", { class: "muted", role: "status", text: running ? share : error ? "" : `Paused at ${share}` }),
      error ? el("p", { class: "error", text: error }) : null,
      running ? button("Pause", call("pause_model")) : button("Resume", call("get_model"), true),
      button("Cancel", call("cancel_model")),
    ].filter((each) => each !== null);
  }

  function enter() {
    isHere = true;
  }

  function leave() {
    isHere = false;
    clearTimeout(timer);
  }

  return { show, enter, leave };
}

/** @param {number} bytes */
function megabytes(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / MB)} MB`;
}

/** @param {number} rate */
function rounded(rate) {
  return rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2));
}
