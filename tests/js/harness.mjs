// A document as the page has one, without a server: what is saved goes to `sent`.

globalThis.localStorage ??= storage();
globalThis.document ??= Object.assign(new EventTarget(), { hidden: false });
globalThis.EventSource = class extends EventTarget {
  static CONNECTING = 0;
  readyState = 0; // a stream on which nothing comes
  close() {}
};
// A page that polls or tries again must not keep node from ending.
for (const name of ["setTimeout", "setInterval"]) {
  const real = globalThis[name];
  globalThis[name] = (...all) => real(...all).unref();
}

const { Frames } = await import("../../assets/web/js/model/frames.js");
const { VideoDocument } = await import("../../assets/web/js/document/video-document.js");

export function storage() {
  const methods = {
    getItem(key) {
      return Object.hasOwn(this, key) ? this[key] : null;
    },
    setItem(key, value) {
      this[key] = String(value);
    },
    removeItem(key) {
      delete this[key];
    },
  };
  return Object.create(methods); // what is kept are its own keys, as in a browser
}

// 25 frames a second, but the last ten, which last twice as long.
export function frames(count = 250) {
  const pts = Float64Array.from({ length: count }, (_, i) =>
    i < count - 10 ? i * 0.04 : (count - 10) * 0.04 + (i - count + 10) * 0.08,
  );
  const duration = pts[count - 1] + 0.08;
  return new Frames(pts, duration);
}

export function prediction(id, start, end, more = {}) {
  return {
    id,
    run: "run",
    task: "grounding",
    track: "Moments",
    start,
    end,
    label: "a dog",
    score: 0.5,
    verdict: "",
    ...more,
  };
}

export function documentOf(...predictions) {
  const sent = [];
  const answers = (edits) =>
    edits.map((edit) => ({
      edit_id: edit.edit_id,
      ok: true,
      annotation: ["verdict", "people"].includes(edit.op)
        ? null
        : { ...edit, version: edit.base_version + 1, annotator: "" },
    }));
  const server = {
    save: async ({ edits }) => {
      sent.push(...edits);
      return { ok: true, data: { results: answers(edits), seq: sent.length } };
    },
    run_payload: async () => ({ ok: true, data: { query: "a dog", payload: { curve: { times: [], scores: [] } } } }),
  };
  const doc = new VideoDocument(server, "video");
  doc.store.takeDocument(loaded({ predictions }));
  return { doc, sent };
}

// What `load_document` answers.
export const loaded = (more = {}) => ({
  video: { id: "video", duration: 10.4 },
  playable: true,
  seq: 0,
  run_seq: 0,
  runs: [{ id: "run", task: "grounding", query: "a dog" }],
  schema: { key: "", labels: [], tracks: [] },
  palette: ["#0072b2"],
  engines: [],
  jobs: [],
  kinds: { index: { title: "Indexing", button: "" }, speakers: { title: "Finding speakers", button: "Speakers" } },
  indexed: true,
  admin: true,
  people: { seq: 0, names: [] },
  predictions: [],
  annotations: [],
  reaction: { delay: 0, corrections: 0 },
  ...more,
});

export const spans = (doc) =>
  [...doc.store.annotations.values()].map((a) => [a.start, a.end]).sort((a, b) => a[0] - b[0]);

// What a poll brings.
export const news = (more) => ({
  annotations: [],
  verdicts: {},
  runs: [],
  people: { seq: 0 },
  present: [],
  schema: null,
  jobs: [],
  seq: 9,
  run_seq: 0,
  ...more,
});

// Until `wanted` holds: nothing here waits for a clock.
export async function until(wanted) {
  for (let turn = 0; turn < 1000; turn++) {
    if (wanted()) return;
    await new Promise(setImmediate);
  }
  throw new Error(`never came: ${wanted}`);
}

// Until everything that is on its way has arrived.
export async function quiet() {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
}

// The texts a document tells the person from now on.
export function notices(doc) {
  const said = [];
  doc.store.on("notice", (text) => said.push(text));
  return said;
}
