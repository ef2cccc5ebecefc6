// What others did to a video: asked for a few times a second, merged without touching what this person still has to say.

import { People } from "../model/people.js";
import { call } from "./api.js";
import { newId } from "./ids.js";
import { annotator } from "./current-user.js";

const POLL_MS = 400;
const PATIENCE_MS = 15_000;
const WINDOW = newId(); // this page, among those that look at the same video

export class Changes {
  constructor(server, doc) {
    Object.assign(this, { server, doc });
  }

  begin() {
    this.timer ??= setInterval(() => this.poll(), POLL_MS);
  }

  end() {
    clearInterval(this.timer);
  }

  async poll() {
    if (this.polling || document.hidden) return;
    const { doc } = this;
    this.polling = true;
    try {
      const request = {
        video: doc.id,
        since: doc.seq,
        run_since: doc.runSeq,
        schema: doc.schemaKey,
        annotator: annotator(),
        window: WINDOW,
      };
      const news = await call(this.server, "changes", request, PATIENCE_MS);
      if (news.seq < request.since) return await doc.reload(); // a backup was brought back: what is here may be gone
      this.merge(news);
      doc.signals.askAgain();
    } catch (error) {
      // the outbox says when the server is away; reading catches up by itself
      if (error.kind === "gone") doc.gone(error.message);
    } finally {
      this.polling = false;
    }
  }

  merge(news) {
    const { doc } = this;
    let moved = news.runs.length > 0;
    this.skipped = false;
    for (const run of news.runs) this.addRun(run); // before the verdicts: some may be about them
    for (const row of news.annotations) moved = this.mergeAnnotation(row) || moved;
    for (const [id, verdict] of Object.entries(news.verdicts)) moved = this.mergeVerdict(id, verdict) || moved;
    if (news.people.seq > doc.people.seq) {
      doc.people = new People(news.people);
      moved = true;
      doc.changed("faces");
    }
    if (JSON.stringify(news.present) !== JSON.stringify(doc.present)) {
      doc.present = news.present;
      doc.changed("present");
    }
    if (news.schema) {
      doc.takeSchema(news.schema);
      moved = true;
    }
    if (!this.skipped) doc.seq = news.seq; // else they are told again, once our own word is saved
    doc.runSeq = Math.max(doc.runSeq, news.run_seq);
    this.mergeJobs(news.jobs);
    if (moved) doc.changed();
  }

  mergeAnnotation(row) {
    const { doc } = this;
    const known = doc.annotations.get(row.id);
    // The answer may be older than what this page did since; one that it deleted must not come back by that.
    if (known ? known.version >= row.version : doc.versions.get(row.id) > row.version) return false;
    const conflict = doc.conflicts.get(row.id);
    if (conflict) conflict.theirs = row;
    if (doc.outbox.waitsFor(row.id)) {
      this.skipped = true; // our own word is still out
      return false;
    }
    doc.remember(row.id, row.version);
    if (row.deleted) return doc.annotations.delete(row.id);
    doc.annotations.set(row.id, row);
    return true;
  }

  mergeVerdict(id, verdict) {
    const { doc } = this;
    const prediction = doc.predictions.get(id);
    if (!prediction || prediction.verdict === verdict) return false;
    if (doc.outbox.waitsFor(id)) {
      this.skipped = true;
      return false;
    }
    prediction.verdict = verdict;
    return true;
  }

  mergeJobs(jobs) {
    const { doc } = this;
    const seen = JSON.stringify(jobs);
    if (seen === this.jobsSeen) return;
    const ended = doc.jobs.some(
      (job) => job.state !== "done" && jobs.some((j) => j.id === job.id && j.state === "done"),
    );
    this.jobsSeen = seen;
    doc.jobs = jobs;
    doc.previews = jobs.flatMap((job) => job.preview.map((p, i) => ({ ...p, id: `${job.id}:${i}`, preview: true })));
    doc.changed("jobs");
    if (ended) doc.signals.ask("loadPrepared");
  }

  // A newer run of the same question takes the place of the older one on the timeline (both stay in the store).
  addRun(run) {
    const { doc } = this;
    if (doc.runs.some((known) => known.id === run.id)) return;
    const same = (other) => other.task === run.task && other.model === run.model && other.query === run.query;
    if (run.task === "grounding") for (const other of doc.questions) doc.hidden.add(other.id);
    for (const old of doc.runs.filter(same)) {
      for (const p of [...doc.predictions.values()]) if (p.run === old.id) doc.predictions.delete(p.id);
    }
    doc.runs = [...doc.runs.filter((other) => !same(other)), run];
    for (const p of run.predictions) doc.predictions.set(p.id, { verdict: "", ...p });
    doc.hidden.delete(run.id);
    doc.signals.ask("loadCurve");
    doc.signals.ask("loadPeople");
  }
}
