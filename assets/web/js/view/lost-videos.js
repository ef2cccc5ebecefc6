// Videos whose files are not where they were: a person says the new folder, sees how many fit, and they come back.

import { call, messageOf } from "../sync/api.js";
import { counted, finder, toast } from "./dom.js";

/** @import { Server } from "../types.js" */

/**
 * @param {HTMLElement} element the page
 * @param {Server} server
 * @param {() => void} done is told when some came back
 * @returns {(lost: number) => void} shows how many there are
 */
export function lostVideos(element, server, done) {
  const $ = finder(element);
  const form = $("lost", "form");
  const folder = $("lost-folder", "input");
  const go = $("lost-go", "button");
  const say = (/** @type {string} */ text) => ($("lost-answer").textContent = text);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.hidden = true;
    if (!folder.value.trim()) return;
    say("Looking…");
    try {
      const { lost, likely } = await call(server, "relink", { folder: folder.value, after: null });
      say(`${likely} of ${counted(lost, "video")} may be there: a file of the same size is.`);
      go.textContent = `Take ${counted(likely, "video")} from there`;
      go.hidden = likely === 0;
    } catch (error) {
      say(messageOf(error));
    }
  });
  folder.addEventListener("input", () => (go.hidden = true));
  go.addEventListener("click", async () => {
    go.hidden = true;
    let found = 0;
    let total = 0;
    try {
      for (let after = "", more = true; more; more = after !== "") {
        const reply = await call(server, "relink", { folder: folder.value, after });
        found += reply.relinked;
        total ||= reply.likely;
        after = reply.last;
        say(`${counted(found, "video")} found, of ${total} that may be there…`);
      }
      const other = total - found;
      const unlike = other ? ` ${other} had the size of another file, but not its content.` : "";
      say(`${counted(found, "video")} found.${unlike}`);
      toast(`${counted(found, "video")} found.${unlike}`);
    } catch (error) {
      say(messageOf(error));
    }
    done();
  });

  return (lost) => {
    form.hidden = lost === 0;
    const [is, they] = lost === 1 ? ["is", "it was"] : ["are", "they were"];
    $("lost-count").textContent = `${counted(lost, "video")} ${is} not where ${they}.`;
  };
}
