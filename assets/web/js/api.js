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

// Numbers that Python packs as little-endian bytes; empty while they are not computed.
export async function array(video, name) {
  const reply = await fetch(`/array/${video}/${name}`);
  if (!reply.ok) return name === "waveform" ? new Int8Array(0) : new Float64Array(0);
  const bytes = await reply.arrayBuffer();
  return name === "waveform" ? new Int8Array(bytes) : new Float64Array(bytes);
}
