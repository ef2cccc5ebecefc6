// The keys of the Annotate page, in one table: what the keyboard does and what the sheet (?) shows.

import { typing } from "./dom.js";

export function keyTable(actions) {
  return [
    ["Space", "Play or pause", actions.toggle],
    ["j", "Slower, then backwards", actions.shuttleBack, "J"],
    ["k", "Pause", actions.pause, "K"],
    ["l", "Play, then faster", actions.shuttleOn, "L"],
    ["ArrowLeft", "One frame back", () => actions.step(-1), "←"],
    ["ArrowRight", "One frame forward", () => actions.step(1), "→"],
    ["Shift+ArrowLeft", "One second back", () => actions.skip(-1), "Shift ←"],
    ["Shift+ArrowRight", "One second forward", () => actions.skip(1), "Shift →"],
    ["i", "Mark the start", actions.markIn, "I"],
    ["o", "Mark the end", actions.markOut, "O"],
    ["Enter", "New segment (of the marks, or at the playhead)", actions.create],
    ["g", "The moment around this frame", actions.glance, "G"],
    ["b", "Boxes around faces", actions.faces, "B"],
    ["n", "Next segment", () => actions.next(1), "N"],
    ["p", "Previous segment", () => actions.next(-1), "P"],
    ["Tab", "Next segment, in the timeline", () => actions.next(1)],
    ["Shift+Tab", "Previous segment, in the timeline", () => actions.next(-1)],
    ["a", "Accept the prediction", actions.accept, "A"],
    ["x", "Reject the prediction", actions.reject, "X"],
    ["Delete", "Delete the annotation", actions.remove],
    ["Backspace", null, actions.remove],
    ["Control+z", "Undo", actions.undo, "Ctrl Z"],
    ["Control+Shift+z", "Redo", actions.redo, "Ctrl Shift Z"],
    ["Control+y", null, actions.redo],
    ["+", "Zoom in", () => actions.zoom(0.7)],
    ["=", null, () => actions.zoom(0.7)],
    ["-", "Zoom out", () => actions.zoom(1 / 0.7), "−"],
    ["f", "Show everything", actions.fit, "F"],
    ["r", "Play the segment", actions.playSelected, "R"],
    ["Escape", "Select nothing", actions.clear, "Esc"],
    ["?", "This sheet", actions.help],
  ];
}

export function listen(table, { open, onDigit, hasNext }) {
  const actions = new Map(table.map(([key, , action]) => [key, action]));
  document.addEventListener("keydown", (event) => {
    if (!open() || typing(event) || event.altKey || document.querySelector("dialog[open]")) return;
    const plain = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const printable = event.key.length === 1 && !/[a-z ]/i.test(event.key); // “?” needs Shift on most keyboards
    const shift = event.shiftKey && !printable ? "Shift+" : "";
    const name = `${event.ctrlKey || event.metaKey ? "Control+" : ""}${shift}${plain}`;
    const focused = document.activeElement;
    const control = focused?.closest("button, a, select, video, summary");
    if (control && ["Space", "Enter"].includes(name)) return; // these belong to the focused control
    if (name.endsWith("Tab") && !(focused?.id === "timeline" && hasNext(name === "Tab" ? 1 : -1))) return;
    if (focused?.id === "segment-list" && name.startsWith("Arrow")) return;
    const action = actions.get(name);
    if (action) {
      event.preventDefault();
      action();
    } else if (/^[1-9]$/.test(name)) {
      onDigit(name);
    }
  });
}
