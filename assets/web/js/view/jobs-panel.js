// What stands beside the timeline: jobs and questions.

import { counted, el, redraw } from "./dom.js";

const TITLES = {
  index: "Indexing",
  proxy: "Making the video playable",
  ground: "Finding moments",
  speakers: "Finding speakers",
  emotions: "Finding emotions",
  survey: "Looking what is in here",
};
const UNSURE = 0.5;

// ------------------------------------------------------------------ jobs

export function showJobs(box, jobs, since, { cancel, start }) {
  const recent = (job) =>
    (job.state === "failed" && !jobs.some((j) => j.kind === job.kind && j.created > job.created)) ||
    (job.created >= since && job.result?.note);
  const shown = jobs.filter((job) => ["queued", "running"].includes(job.state) || recent(job));
  unlessDrawn(
    box,
    shown.map(({ id, state, error, result }) => [id, state, error, result?.note]),
    () =>
      shown.map((job) => {
        const title = TITLES[job.kind] ?? job.kind;
        if (job.state === "failed") {
          return el(
            "p",
            { class: "error", text: `${title} failed: ${job.error} ` },
            el("button", { class: "link", "data-key": job.id, text: "Try again", onclick: () => start(job.kind) }),
          );
        }
        if (job.state === "done") return el("p", { class: "muted", "data-kind": job.kind, text: job.result.note });
        return el(
          "div",
          { class: "progress job", "data-kind": job.kind, "data-state": job.state },
          el("span"),
          el("progress", { max: 1, "aria-label": title }),
          el("button", { class: "link", "data-key": job.id, text: "Cancel", onclick: () => cancel(job.id) }),
        );
      }),
  );
  // how far each is changes all the time: in place, since somebody may be about to press its button
  shown.forEach((job, i) => {
    const bar = box.children[i].querySelector("progress");
    if (!bar) return;
    bar.value = job.progress;
    const title = TITLES[job.kind] ?? job.kind;
    const text =
      job.state === "queued" ? `${title}: waiting` : `${title}${job.message ? `: ${job.message.toLowerCase()}` : ""}`;
    if (bar.previousElementSibling.textContent !== text) bar.previousElementSibling.textContent = text;
  });
}

const drawn = new WeakMap(); // box → what it shows

function unlessDrawn(box, what, parts) {
  const shape = JSON.stringify(what);
  if (drawn.get(box) === shape) return;
  drawn.set(box, shape);
  redraw(box, ...parts());
}

// ------------------------------------------------------------------ questions

// One chip a question that was asked; pressed ones are on the timeline.
export function showQuestions(box, doc) {
  box.hidden = doc.questions.length < 2;
  const what = doc.questions.map((run) => [doc.id, run.id, doc.hidden.has(run.id)]);
  unlessDrawn(box, what, () =>
    doc.questions.map((run) =>
      el("button", {
        class: "chip",
        type: "button",
        "data-key": run.id,
        text: run.query ?? "like a frame",
        title: `Show or hide what ${run.model} found for: ${run.query ?? "a frame you pointed at"}`,
        "aria-pressed": String(!doc.hidden.has(run.id)),
        onclick: () => doc.toggle(run.id),
      }),
    ),
  );
}

// How sure the answer is, and what pulled at it; nothing when there is nothing to say.
export function showGroundNote(box, curve) {
  const sure = curve?.agreement;
  const pulled = curve?.remembered;
  box.hidden = sure === undefined && !pulled;
  box.classList.toggle("warn", sure < UNSURE);
  box.textContent = [
    sure === undefined
      ? ""
      : `${sure < UNSURE ? "Uncertain" : "Sure"}: changed versions of the video agree by ${Math.round(100 * sure)} %.`,
    pulled ? `${counted(pulled, "earlier correction")} of such questions pull${pulled === 1 ? "s" : ""}.` : "",
  ]
    .join(" ")
    .trim();
}
