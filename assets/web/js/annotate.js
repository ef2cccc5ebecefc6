// The Annotate page: puts the player, the timeline and the panels together around one document.

import { AnnotatePage } from "./annotate/annotate-page.js";
import { connectControls } from "./annotate/controls.js";
import { sendLeftEdits } from "./annotate/left-edits.js";
import { keymap } from "./input/shared-keymap.js";
import { onLeave, onRoute } from "./router.js";

/** @import { Server } from "./types.js" */

/**
 * @param {HTMLElement} element
 * @param {Server} server
 */
export function mount(element, server) {
  const page = new AnnotatePage(element, server, keymap);
  connectControls(page, element, keymap);
  sendLeftEdits(server);
  onLeave(() => page.player.rate !== 0 && page.noteTime());
  onRoute((route) => {
    if (route.page === "annotate") page.open(route);
    else page.player.pause();
  });
}
