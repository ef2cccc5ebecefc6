// Edits that an earlier page could not send any more.

import { current } from "../router.js";
import { Outbox } from "../sync/outbox.js";
import { leftBehind } from "../sync/storage.js";
import { toast } from "../view/dom.js";

/** @import { Server } from "../types.js" */

/** Sends them, video by video; the document that is open sends its own.
 * @param {Server} server
 */
export async function sendLeftEdits(server) {
  for (const video of await leftBehind()) {
    if (video === current().video) continue;
    const outbox = new Outbox(server, video, undefined, (state, why) => {
      const gone = "A video was removed from the library, and with it edits that were not saved yet.";
      if (state === "gone") toast(gone, "error");
      if (state === "others") toast(why);
    });
    (await outbox.restore()).flush();
  }
}
