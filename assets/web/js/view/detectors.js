// The detectors of a library on the Models page: looking for what one knows, exporting, importing and deleting them.

import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { OF_LIBRARY } from "../sync/library.js";
import { el, finder } from "./dom.js";

/** @import { ModelCard, Server } from "../types.js" */

/** What can be done with them. `changed` is called when one came or went.
 * @param {ParentNode} root
 * @param {Server} server
 * @param {() => unknown} changed
 */
export function detectors(root, server, changed) {
  const $ = finder(root);
  const file = $("detector-file", "input");
  file.addEventListener("change", () => bring());

  /** @param {string} text @param {boolean} [isError] */
  function say(text, isError = false) {
    $("detectors-said").textContent = text;
    $("detectors-said").classList.toggle("error", isError);
  }

  /** @param {() => Promise<string>} action that says what was done */
  async function attempt(action) {
    try {
      say(await action());
    } catch (error) {
      say(messageOf(error), true);
    }
  }

  async function bring() {
    const [chosen] = file.files ?? [];
    file.value = "";
    if (!chosen) return;
    const reply = await fetch("/detector", { method: "POST", headers: OF_LIBRARY, body: chosen }).catch(() => null);
    const unsent = { ok: false, error: "This file could not be sent; try again." };
    const { ok, data, error } = (await reply?.json().catch(() => null)) ?? unsent;
    say(ok ? `${data.name} is in this library now.` : error, !ok);
    if (ok) changed();
  }

  /** @param {ModelCard} m */
  const find = (m) =>
    attempt(async () => {
      await call(server, "detect", { model: m.name, annotator: currentUser() });
      return `Looking for it in the library. What ${m.name} finds comes to each video, to be reviewed.`;
    });

  /** @param {ModelCard} m */
  function remove(m) {
    const kept = "What it found, and what people made of that, stays. An exported file of it can be imported again.";
    if (!confirm(`Delete the detector ${m.name} for good? ${kept}`)) return;
    attempt(async () => {
      await call(server, "delete_detector", { model: m.name, annotator: currentUser() });
      changed();
      return `${m.name} is deleted.`;
    });
  }

  /** The buttons of a card. @param {ModelCard} m @param {boolean} fixed whether this person may not delete it */
  function actions(m, fixed) {
    const button = (/** @type {string} */ text, /** @type {(m: ModelCard) => unknown} */ action, isOff = false) =>
      el("button", { type: "button", text, disabled: isOff, onclick: () => action(m) });
    const href = `/detector/${encodeURIComponent(m.name)}`;
    return el(
      "div",
      { class: "row wrap" },
      button("Find it in the library", find, m.problems.length > 0),
      el("a", { class: "button", href, download: "", text: "Export" }),
      fixed ? "" : button("Delete", remove),
    );
  }

  return { actions };
}
