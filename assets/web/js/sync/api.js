// Calls to Python. Every answer is {ok, data} or {ok: false, error, kind}; a missing one means that the server is away.

export class ApiError extends Error {
  constructor(message, kind) {
    super(message);
    this.kind = kind; // offline, gone (what it is about was removed), refused, others (somebody else's edits), conflict, store, bug
  }
}

const AWAY = "The studio does not answer. Try again in a moment.";

// `patience` (ms) is for calls that can be repeated: one that got lost must not hold up the next for ever.
export async function call(server, name, request = {}, patience = 0) {
  let reply;
  let timer;
  try {
    const late = patience && new Promise((_, fail) => (timer = setTimeout(fail, patience)));
    reply = await (late ? Promise.race([server[name](request), late]) : server[name](request));
  } catch {
    reply = undefined;
  } finally {
    clearTimeout(timer);
  }
  if (!reply || typeof reply !== "object" || !("ok" in reply)) {
    throw new ApiError(AWAY, "offline");
  }
  if (!reply.ok) throw new ApiError(reply.error, reply.kind);
  return reply.data;
}

const PACKED = { pts: Float64Array, shots: Float64Array, waveform: Int8Array, spectrogram: Uint8Array };

// Numbers that Python packs as little-endian bytes; empty while they are not computed.
export async function array(video, name) {
  const reply = await fetch(`/array/${video}/${name}`).catch(() => {
    throw new ApiError(AWAY, "offline");
  });
  return new PACKED[name](reply.ok ? await reply.arrayBuffer() : 0);
}
