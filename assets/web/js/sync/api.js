// Calls to Python. Every answer is {ok, data} or {ok: false, error, kind}; a missing one means that the server is away.

/** @import { Calls, Server } from "../types.js" */

/** invalid: a wrong request; forbidden: this person may not; gone: what it is about was removed; others: edits that
 * wait for whoever made them; library: the studio has another library open than this page is of.
 * @typedef {"offline" | "gone" | "invalid" | "forbidden" | "others" | "conflict" | "store" | "library" | "bug"} ErrorKind
 */

export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {ErrorKind} kind
   */
  constructor(message, kind) {
    super(message);
    this.kind = kind;
  }
}

const AWAY = "The studio does not answer. Try again in a moment.";

/** The answer's data.
 * @template {keyof Calls} Name
 * @param {Server} server
 * @param {Name} name
 * @param {Calls[Name][0]} request
 * @param {number} [patience] in ms, for calls that can be repeated: one that got lost must not hold up the next for ever
 * @returns {Promise<Calls[Name][1]>} rejects with an ApiError
 */
export async function call(server, name, request, patience = 0) {
  /** @type {any} */
  let reply;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  try {
    const asked = server[name](request);
    const late = new Promise((_, fail) => patience && (timer = setTimeout(fail, patience)));
    reply = await (patience ? Promise.race([asked, late]) : asked);
  } catch {
    reply = undefined;
  } finally {
    clearTimeout(timer);
  }
  if (!reply || typeof reply !== "object" || !("ok" in reply)) {
    throw new ApiError(AWAY, "offline");
  }
  if (!reply.ok) {
    if (reply.kind === "library") document.dispatchEvent(new CustomEvent("library", { detail: reply.error }));
    throw new ApiError(reply.error, reply.kind);
  }
  return reply.data;
}

/** The sentence of an error, for the person. @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** The points of the map, as bytes. @param {string} annotator @returns {Promise<ArrayBuffer>} rejects with an ApiError */
export async function points(annotator) {
  const reply = await fetch(`/map?${new URLSearchParams({ annotator })}`).catch(() => null);
  if (!reply?.ok) throw new ApiError(AWAY, "offline");
  return reply.arrayBuffer();
}

const PACKED = { pts: Float64Array, shots: Float64Array, waveform: Int8Array, spectrogram: Uint8Array };

/** A tile of the sound of a recording without pictures (see `GET /sound` in Python): rows of lowest sample, highest
 * sample and levels; null while it is not computed.
 * @typedef {{ bands: number, loud: number, count: number, rows: Uint8Array }} SoundTile
 * @param {string} video
 * @param {number} level
 * @param {number} number
 * @returns {Promise<SoundTile | null>} rejects with an ApiError
 */
export async function soundTile(video, level, number) {
  const reply = await fetch(`/sound/${video}?level=${level}&tile=${number}`).catch(() => null);
  if (!reply?.ok) throw new ApiError(AWAY, "offline");
  const bytes = new Uint8Array(await reply.arrayBuffer());
  if (bytes.length < 2) return null;
  const rows = bytes.subarray(2);
  return { bands: bytes[0], loud: bytes[1], count: bytes[0] ? rows.length / (bytes[0] + 2) : 0, rows };
}

/** Numbers that Python packs as little-endian bytes; empty while they are not computed.
 * @template {keyof typeof PACKED} Name
 * @param {string} video
 * @param {Name} name
 * @returns {Promise<InstanceType<(typeof PACKED)[Name]>>} rejects with an ApiError
 */
export async function array(video, name) {
  const reply = await fetch(`/array/${video}/${name}`).catch(() => {
    throw new ApiError(AWAY, "offline");
  });
  const bytes = reply.ok ? await reply.arrayBuffer() : new ArrayBuffer(0);
  return /** @type {InstanceType<(typeof PACKED)[Name]>} */ (new PACKED[name](bytes));
}
