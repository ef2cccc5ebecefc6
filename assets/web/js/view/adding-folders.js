// Folders whose videos are being added, or that are watched: how far each is, and what could not be added.

import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { counted, el, redraw, toast } from "./dom.js";

/** @import { AddedFolder, Server } from "../types.js" */

/**
 * @param {HTMLElement} box
 * @param {Server} server
 * @param {() => unknown} refresh
 * @returns {(folders: readonly AddedFolder[]) => void} shows them
 */
export function addingFolders(box, server, refresh) {
  let shown = "";
  const act = async (/** @type {() => Promise<unknown>} */ action) => {
    try {
      await action();
    } catch (error) {
      toast(messageOf(error), "error");
    }
    await refresh();
  };

  /** @param {AddedFolder} folder */
  function row({ id, folder, watched, done, total, added, failed, problems, notes, ended }) {
    const isBusy = !ended && done < total;
    const failures = failed ? `, ${failed} could not be` : "";
    const doing = watched
      ? `“${folder}” is watched: ${counted(added, "video")} added since the studio started${failures}`
      : ended
        ? `“${folder}”: ${counted(added, "video")} added${failures}`
        : `Adding “${folder}”: ${done} of ${total}${failures}`;
    const end = ended
      ? { text: "Hide", onclick: () => act(() => call(server, "forget_added", { folder: id })) }
      : {
          text: watched ? "Watch no more" : "Stop",
          onclick: () => act(() => call(server, "stop_adding", { folder: id, annotator: currentUser() })),
        };
    const more = [...problems, ...notes];
    const rest = failed - problems.length;
    return el(
      "div",
      { class: "progress upload", "data-folder": folder },
      isBusy ? el("progress", { max: total || 1, value: done, "aria-label": doing }) : null,
      el("span", { class: "muted", text: `${doing}.` }),
      el("button", { type: "button", class: "link", "data-key": `${id} end`, ...end }),
      more.length
        ? el(
            "details",
            { open: ended && failed > 0 },
            el("summary", { text: failed ? "What could not be added" : "What was passed over" }),
            ...more.map((text) => el("p", { dir: "auto", text })),
            rest > 0 ? el("p", { text: `And ${rest} more.` }) : null,
          )
        : null,
    );
  }

  return (folders) => {
    const now = JSON.stringify(folders);
    if (now === shown) return;
    shown = now;
    redraw(box, ...folders.map(row));
  };
}
