// What is said of the model that a library is searched with, on every page that says something of it.

import { counted } from "./dom.js";

/** @import { EncoderStatus } from "../types.js" */

/** What happened to a library whose encoder's files are others. @param {EncoderStatus} status */
export function replaced({ encoder, ready = 0, of = 0 }) {
  const version = `${encoder} is another version than the one that this library was indexed with`;
  return `${version}, so the videos are indexed anew: ${ready} of ${counted(of, "video")} can be searched.`;
}
