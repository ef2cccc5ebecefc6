// Calls to Python. Every answer is {ok, data} or {ok: false, error, kind}; a missing one means that the server is away.

export class ApiError extends Error {
  constructor(message, kind) {
    super(message);
    this.kind = kind;
  }
}

export async function call(server, name, request = {}) {
  let reply;
  try {
    reply = await server[name](request);
  } catch {
    reply = undefined;
  }
  if (!reply || typeof reply !== "object" || !("ok" in reply)) {
    throw new ApiError("The studio does not answer. Your edits are kept in this page and sent again.", "offline");
  }
  if (!reply.ok) throw new ApiError(reply.error, reply.kind);
  return reply.data;
}

const PACKED = { pts: Float64Array, shots: Float64Array, waveform: Int8Array, spectrogram: Uint8Array };

// Numbers that Python packs as little-endian bytes; empty while they are not computed.
export async function array(video, name) {
  const reply = await fetch(`/array/${video}/${name}`);
  return new PACKED[name](reply.ok ? await reply.arrayBuffer() : 0);
}
