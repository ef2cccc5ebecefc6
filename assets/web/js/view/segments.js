// The list of all segments.

import { clock, counted, el } from "./dom.js";

const CHUNK = 400;

// The timeline's content for screen readers, keyboards and tests; filled in pieces so that the page never stalls.
export class SegmentList {
  constructor(list, count, select) {
    this.list = list;
    this.count = count;
    this.options = new Map();
    this.turn = 0;
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[data-id]");
      if (option) select(option.dataset.id, event.ctrlKey || event.metaKey);
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const all = [...list.children];
      const at = all.findIndex((option) => option.id === list.getAttribute("aria-activedescendant"));
      const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
      if (next) select(next.dataset.id);
    });
  }

  get ids() {
    return [...this.list.children].map((option) => option.dataset.id);
  }

  update(doc, middles) {
    const items = [
      ...[...doc.predictions.values()]
        .filter((p) => doc.isShown(p))
        .map((p) => ["prediction", { ...p, track: doc.rowOf(p) }]),
      ...[...doc.annotations.values()].map((item) => ["annotation", item]),
    ].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
    this.count.textContent = `${counted(doc.annotations.size, "annotation")}, ${counted(doc.predictions.size, "prediction")}`;
    const turn = ++this.turn;
    const wanted = new Set(items.map(([, item]) => item.id));
    for (const [id, option] of this.options) {
      if (wanted.has(id)) continue;
      option.remove();
      this.options.delete(id);
    }
    const fill = (from) => {
      if (turn !== this.turn) return;
      const until = Math.min(items.length, from + CHUNK);
      for (let i = from; i < until; i++) {
        const option = this.option(...items[i], middles);
        if (this.list.children[i] !== option) this.list.insertBefore(option, this.list.children[i] ?? null);
      }
      if (until < items.length) (window.requestIdleCallback ?? setTimeout)(() => fill(until));
    };
    fill(0);
  }

  option(kind, item, middles) {
    let option = this.options.get(item.id);
    if (!option) {
      option = el("li", { role: "option", id: `segment-${item.id}`, "data-id": item.id, "aria-selected": "false" });
      option.append(
        el("span", { class: "when mono" }),
        el("span", { class: "what", dir: "auto" }),
        el("span", { class: "where muted" }),
      );
      this.options.set(item.id, option);
    }
    const facts = {
      kind,
      track: item.track,
      start: item.start,
      end: item.end,
      label: item.label,
      source: item.source ?? "",
      prediction: item.prediction_id ?? "",
      verdict: item.verdict ?? "",
      y: middles.get(item.id) ?? "",
    };
    for (const [key, value] of Object.entries(facts)) {
      if (option.dataset[key] !== String(value)) option.dataset[key] = String(value);
    }
    const [when, what, where] = option.children;
    const texts = [
      `${clock(item.start, 2)}–${clock(item.end, 2)}`,
      item.label || "(no label)",
      kind === "prediction" ? `${item.track} · ${item.score.toFixed(2)}` : item.track,
    ];
    [when, what, where].forEach((node, i) => {
      if (node.textContent !== texts[i]) node.textContent = texts[i];
    });
    return option;
  }

  clear() {
    this.turn++;
    this.options.clear();
    this.list.replaceChildren();
  }

  select(ids, id) {
    for (const option of this.list.querySelectorAll('[aria-selected="true"]'))
      if (!ids.has(option.dataset.id)) option.setAttribute("aria-selected", "false");
    for (const each of ids) this.options.get(each)?.setAttribute("aria-selected", "true");
    const option = this.options.get(id);
    if (!option) {
      this.list.removeAttribute("aria-activedescendant");
      return;
    }
    this.list.setAttribute("aria-activedescendant", option.id);
    const { offsetTop, offsetHeight } = option;
    const { scrollTop, clientHeight } = this.list;
    if (offsetTop < scrollTop || offsetTop + offsetHeight > scrollTop + clientHeight)
      this.list.scrollTop = offsetTop - clientHeight / 2;
  }
}
