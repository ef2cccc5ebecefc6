// What models are asked on the Annotate page: questions to the video, who speaks, what is felt; and how sure they were.

import { call } from "../sync/api.js";
import { el } from "./dom.js";
import { showGroundNote, showJobs, showQuestions } from "./jobs-panel.js";

export class ModelRequests {
  // workspace: {doc, player, attempt(action)}
  constructor($, server, workspace) {
    Object.assign(this, { $, server, workspace, opened: new Date().toISOString() });
    $("ground-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const query = $("ground-query").value.trim();
      if (query && workspace.doc) this.ask(query);
    });
    const buttons = {
      "make-playable": "proxy",
      "find-topics": "survey",
      "find-speakers": "speakers",
      "find-emotions": "emotions",
    };
    for (const [id, kind] of Object.entries(buttons))
      $(id).addEventListener("click", () => workspace.doc && this.run(kind));
    $("glance").addEventListener("click", () => workspace.doc && this.glance());
    $("threshold").addEventListener("input", (event) => {
      if (!workspace.doc) return;
      workspace.doc.threshold = Number(event.target.value);
      workspace.doc.changed();
    });
  }

  open(doc) {
    const engines = this.$("engine");
    this.$("ground-query").value = "";
    this.$("threshold").value = 0;
    if (!engines.options.length)
      engines.append(...doc.engines.map((name) => el("option", { value: name, text: name })));
  }

  // A question that came with the address: shown if it was asked before, asked if not.
  answer(query) {
    const { doc } = this.workspace;
    this.$("ground-query").value = query;
    const known = doc.questions.find((run) => run.query === query);
    if (!known) this.ask(query);
    else if (doc.hidden.has(known.id)) doc.toggle(known.id);
  }

  async ask(query) {
    const { $ } = this;
    const button = $("ground-form").querySelector("button");
    button.disabled = true;
    const options = {
      engine: $("engine").value,
      refine: $("refine").checked,
      check: $("check").checked,
      remember: $("remember").checked,
    };
    await this.start("ground", { query, ...options });
    button.disabled = false;
  }

  run(kind) {
    return this.start("start_job", { kind });
  }

  glance() {
    return this.start("glance", { at: this.workspace.player.time });
  }

  async start(name, request) {
    const { doc } = this.workspace;
    if (await this.workspace.attempt(() => call(this.server, name, { video: doc.id, ...request }))) doc.poll();
  }

  refresh(what) {
    const {
      $,
      workspace: { doc },
    } = this;
    if (what === "content") {
      showQuestions($("grounding-runs"), doc);
      $("threshold-row").hidden = !doc.undecided.length && !doc.threshold;
      $("threshold-value").textContent = doc.threshold.toFixed(2);
    } else if (what === "curve") {
      showGroundNote($("ground-note"), doc.signals.curve);
    } else if (what === "jobs") {
      showJobs($("jobs"), doc.jobs, this.opened, {
        cancel: (id) => this.workspace.attempt(() => call(this.server, "cancel_job", { job: id })),
        start: (kind) => this.run(kind),
      });
      const making = doc.jobs.some((job) => job.kind === "proxy" && ["queued", "running"].includes(job.state));
      $("make-playable").hidden = doc.playable || making;
    }
  }
}
