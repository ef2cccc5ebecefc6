// A subtitle file that a person reads in, in place of the lines of a video.

import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { counted, toast } from "./dom.js";

/** @import { VideoDocument } from "../document/video-document.js" */

/** One step of undo. Fails with a sentence for the person.
 * @param {VideoDocument} doc
 * @param {File} file
 * @param {() => () => void} undoing makes what takes back the newest step
 */
export async function readSubtitles(doc, file, undoing) {
  try {
    const request = { video: doc.id, name: file.name, ...(await contentOf(file)), annotator: currentUser() };
    const made = await call(doc.server, "read_subtitles", request);
    doc.editor.addImport(made.import);
    toast([`${counted(made.count, "line")} imported.`, ...made.problems].join(" "), "info", undoing());
  } catch (error) {
    toast(messageOf(error), "error");
  }
}

/** The text of a file in UTF-8; of another its bytes in base64: Python knows more encodings.
 * @param {File} file
 * @returns {Promise<{ text: string } | { bytes: string }>}
 */
async function contentOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    let plain = "";
    for (let at = 0; at < bytes.length; at += 32768) plain += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return { bytes: btoa(plain) };
  }
}
