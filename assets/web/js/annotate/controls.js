// The buttons and keys of the Annotate page, and the pointer on its timeline.

import { commands, giveLabel } from "../input/commands.js";
import { attach } from "../input/gestures.js";
import { listen } from "../input/keys.js";
import { current, follow } from "../router.js";
import { rowsMenu } from "../view/gutter.js";

/** @import { Keymap } from "../input/keymap.js" */
/** @import { AnnotatePage } from "./annotate-page.js" */

/** button → the command that it does @type {{ [id: string]: keyof ReturnType<typeof commands> }} */
const CLICKS = {
  play: "toggle",
  back: "frameBack",
  forward: "frameOn",
  undo: "undo",
  redo: "redo",
  create: "create",
  split: "split",
  "merge-button": "merge",
  "zoom-in": "zoomIn",
  "zoom-out": "zoomOut",
  fit: "fit",
  help: "help",
  fullscreen: "fullscreen",
  bookmark: "bookmark",
};

/**
 * @param {AnnotatePage} page
 * @param {HTMLElement} element
 * @param {Keymap} keymap
 */
export function connectControls(page, element, keymap) {
  const { workspace, selection, timeline, player } = page;
  const actions = commands(workspace);
  page.merge = actions.merge;
  connectButtons(page, element, actions);
  const pointer = attach(timeline, {
    curves: page.curves,
    player,
    selection,
    seek: (time) => workspace.seek(time),
    changed: (start, end, part) => workspace.changed(start, end, part),
    preview: page.dragPreview,
    refuse: (why) => workspace.say(why),
    lines: workspace.lineActions,
  });
  page.cancelDrag = pointer.cancel;
  listen(keymap, actions, {
    pointer,
    open: () => Boolean(workspace.doc) && current().page === "annotate",
    // past the last segment Tab goes on to the next control, as everywhere
    hasNext: (step) => {
      const ids = workspace.listed();
      const at = ids.indexOf(selection.current ?? "");
      return at < 0 ? ids.length > 0 : at + step >= 0 && at + step < ids.length;
    },
    onDigit: (digit) => giveLabel(workspace, digit),
  });
  element.addEventListener("keydown", ({ target, key }) => {
    const field = /** @type {HTMLInputElement} */ (target);
    if (field.id !== "label-input" || !["Enter", "Escape"].includes(key)) return;
    if (key === "Escape") field.value = field.defaultValue;
    page.$("timeline").focus();
  });
  window.addEventListener("beforeunload", (event) => {
    if (workspace.doc) page.curves.endAll(); // the last second of a curve that is being drawn
    const state = workspace.doc?.store.state ?? "saved";
    if (state !== "saved") event.preventDefault();
  });
  // a page in the background may be closed without a word
  const saveStates = () => workspace.doc && workspace.live.save();
  window.addEventListener("pagehide", saveStates);
  document.addEventListener("visibilitychange", () => document.hidden && saveStates());
}

/**
 * @param {AnnotatePage} page
 * @param {HTMLElement} element
 * @param {ReturnType<typeof commands>} actions
 */
function connectButtons(page, element, actions) {
  const { $, workspace, timeline, faces, texts } = page;
  for (const [id, action] of Object.entries(CLICKS)) {
    $(id).addEventListener("click", () => {
      if (workspace.doc) actions[action]();
    });
  }
  const showFaces = $("show-faces", "input");
  showFaces.addEventListener("change", () => {
    faces.shown = showFaces.checked;
    faces.draw();
  });
  const showTexts = $("show-texts", "input");
  showTexts.addEventListener("change", () => {
    texts.shown = showTexts.checked;
    texts.draw();
  });
  const rows = $("rows");
  rows.addEventListener("click", () => workspace.doc && rowsMenu(rows, timeline.names, page.rowLayout));
  $("edit-labels").addEventListener("click", () => workspace.doc && page.labels.show(workspace.doc, page.labelledRows));
  $("annotators").addEventListener("click", () => {
    const { doc } = workspace;
    if (doc) workspace.attempt(() => page.annotators.show(doc));
  });
  $("cameras-open").addEventListener("click", () => {
    if (workspace.doc) page.showCameras();
  });
  $("export").addEventListener("click", () => {
    const { doc } = workspace;
    if (doc) workspace.attempt(() => page.exchange.showExport(doc));
  });
  $("import").addEventListener("click", () => {
    const { doc } = workspace;
    if (doc) workspace.attempt(() => page.exchange.showImport(doc));
  });
  const unit = $("unit", "select");
  unit.addEventListener("change", () => {
    timeline.unit = unit.value;
    timeline.invalidate();
  });
  /** @type {NodeListOf<HTMLElement>} */
  const links = element.querySelectorAll("[data-go]");
  for (const link of links) link.addEventListener("click", follow);
}
