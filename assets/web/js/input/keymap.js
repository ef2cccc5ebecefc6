// Which key does what: presets for hands that come from other tools, and each person's own changes on top.

import { Emitter } from "../emitter.js";
import { entriesOf, isTexts, readPreferences } from "../model/preferences.js";

/** @import { Keeper } from "../model/preferences.js" */

const KEY = "keys";

/** Action, what it does, keys; a line of one is the title of those that follow.
 * @type {([string] | [string, string, string[]])[]}
 */
const ACTIONS = [
  ["Playing"],
  ["toggle", "Play or pause", ["Space"]],
  ["shuttleBack", "Play backwards, then faster", ["j"]],
  ["pause", "Pause", ["k"]],
  ["shuttleOn", "Play, then faster", ["l"]],
  ["frameBack", "One frame (of sound alone 10 ms) back", ["ArrowLeft", ","]],
  ["frameOn", "One frame (of sound alone 10 ms) forward", ["ArrowRight", "."]],
  ["secondBack", "One second back", ["Shift+ArrowLeft"]],
  ["secondOn", "One second forward", ["Shift+ArrowRight"]],
  ["playSelected", "Repeat the segment", ["r"]],
  ["playAround", "Play around the nearer edge", ["Shift+R"]],
  ["fullscreen", "Full screen, with the timeline", ["Shift+F"]],
  ["mute", "Sound on or off", ["Shift+M"]],
  ["Cameras"],
  ["nextCamera", "Next camera in front", ["c"]],
  ["cameraViews", "All cameras, one large, one at a time", ["Shift+C"]],
  ["cameraEarlier", "Move the camera one frame earlier", ["["]],
  ["cameraLater", "Move the camera one frame later", ["]"]],
  ["Marking"],
  ["markIn", "Mark the start", ["i"]],
  ["markOut", "Mark the end", ["o"]],
  ["create", "New segment (from the marks, or at the playhead)", ["Enter"]],
  ["hold", "New segment while the key is held", ["m"]],
  ["bookmark", "Bookmark this frame, with a text", ["Shift+N"]],
  ["split", "Split at the playhead", ["s"]],
  ["merge", "Merge the selected segments", ["Shift+S"]],
  ["extend", "Move the nearer edge to the playhead", ["e"]],
  ["startEarlier", "Start one frame earlier", ["Alt+ArrowLeft"]],
  ["startLater", "Start one frame later", ["Alt+ArrowRight"]],
  ["endEarlier", "End one frame earlier", ["Alt+Shift+ArrowLeft"]],
  ["endLater", "End one frame later", ["Alt+Shift+ArrowRight"]],
  ["moveEarlier", "Move one frame earlier", ["Control+ArrowLeft"]],
  ["moveLater", "Move one frame later", ["Control+ArrowRight"]],
  ["label", "Type the label", ["t"]],
  ["shift", "Shift by a time", ["Shift+T"]],
  ["describe", "Say the attributes (1–9 choose, Enter: the next one)", ["w"]],
  ["Selecting"],
  ["next", "Next segment", ["n", "Tab"]],
  ["previous", "Previous segment", ["p", "Shift+Tab"]],
  ["chooseAll", "Select all annotations", ["Control+a"]],
  ["clear", "Select nothing", ["Escape"]],
  ["copy", "Copy", ["Control+c"]],
  ["cut", "Cut", ["Control+x"]],
  ["paste", "Paste at the playhead", ["Control+v"]],
  ["remove", "Delete", ["Delete", "Backspace"]],
  ["undo", "Undo", ["Control+z"]],
  ["redo", "Redo", ["Control+Shift+Z", "Control+y"]],
  ["Review"],
  ["accept", "Accept the chosen prediction, else the one at the playhead", ["a"]],
  ["reject", "Reject the chosen prediction, else the one at the playhead", ["x"]],
  ["acceptRest", "Accept all that are listed and not decided", ["Shift+A"]],
  ["rejectRest", "Reject all that are listed and not decided", ["Shift+X"]],
  ["undecided", "Next prediction to decide", ["u"]],
  ["glance", "Find this moment", ["g"]],
  ["reviewed", "Looked through: between the marks, the selected segments, or all", ["Shift+V"]],
  ["Videos"],
  ["nextVideo", "Next video of the library", ["PageDown"]],
  ["previousVideo", "Video before this one", ["PageUp"]],
  ["View"],
  ["zoomIn", "Zoom in", ["+", "="]],
  ["zoomOut", "Zoom out", ["-"]],
  ["fit", "Show everything", ["f"]],
  ["zoomSelected", "Show the segment", ["z"]],
  ["faces", "Boxes around faces", ["b"]],
  ["boxes", "Draw boxes over the picture", ["Shift+B"]],
  ["help", "Show this list", ["?"]],
];

/** Those that hold while a line of the transcript is typed: none is a key that writes something.
 * @type {typeof ACTIONS}
 */
const LINE_ACTIONS = [
  ["Typing a line of the transcript"],
  ["lineToggle", "Play or pause", ["Control+Space", "F4"]],
  ["lineRewind", "Two seconds back", ["Control+Shift+Space", "F8"]],
  ["linePlay", "Play the line", ["Control+.", "F9"]],
  ["lineNext", "Save, and type the next line", ["ArrowDown"]],
  ["linePrevious", "Save, and type the line before", ["ArrowUp"]],
  ["lineSplit", "Split at the caret; at an edge of the line, save", ["Enter"]],
  ["lineMerge", "Merge with the next line", ["Control+j"]],
  ["lineSave", "Save", ["Control+Enter"]],
  ["lineSpeaker", "Say who says the line", ["F2"]],
  ["lineFind", "Find and replace (also in the list of lines)", ["Control+f"]],
];

/** Where keys mean something: one key may do one thing in each. */
const SCOPES = { page: ACTIONS, line: LINE_ACTIONS };
/** @typedef {keyof typeof SCOPES} Scope */

const ALL = Object.values(SCOPES).flat();

/** @param {string} action @returns {Scope} */
const scopeOf = (action) => (LINE_ACTIONS.some(([name]) => name === action) ? "line" : "page");

/** What other tools do differently, as far as they have the same thing.
 * @type {{ [name: string]: { title: string, keys: { [action: string]: string[] } } }}
 */
const PRESETS = {
  studio: { title: "Moment Studio", keys: {} },
  elan: {
    title: "Like ELAN",
    keys: {
      toggle: ["Control+Space", "Space"],
      playSelected: ["Shift+Space"],
      frameBack: ["Control+ArrowLeft"],
      frameOn: ["Control+ArrowRight"],
      secondBack: ["Shift+ArrowLeft"],
      secondOn: ["Shift+ArrowRight"],
      create: ["Alt+n", "Enter"],
      remove: ["Alt+d", "Delete"],
      next: ["Alt+ArrowRight", "Tab"],
      previous: ["Alt+ArrowLeft", "Shift+Tab"],
      startEarlier: ["Control+j"],
      startLater: ["Control+u"],
      endEarlier: ["Control+Shift+J"],
      endLater: ["Control+Shift+U"],
      moveEarlier: [],
      moveLater: [],
    },
  },
  via: {
    title: "Like VIA",
    keys: {
      create: ["a", "Enter"],
      remove: ["d", "Delete"],
      accept: ["y"],
      reject: ["x"],
      next: ["Tab"],
      previous: ["Shift+Tab"],
    },
  },
  cvat: {
    title: "Like CVAT",
    keys: {
      frameBack: ["d", "ArrowLeft"],
      frameOn: ["f", "ArrowRight"],
      secondBack: ["c", "Shift+ArrowLeft"],
      secondOn: ["v", "Shift+ArrowRight"],
      create: ["n", "Enter"],
      next: ["Tab"],
      merge: ["m"],
      hold: ["h"],
      split: ["Alt+m", "s"],
      fit: ["0"],
      help: ["F1", "?"],
    },
  },
  premiere: {
    title: "Like Premiere Pro",
    keys: {
      split: ["Control+k", "s"],
      fit: ["\\"],
      zoomIn: ["=", "+"],
      next: ["ArrowDown", "Tab"],
      previous: ["ArrowUp", "Shift+Tab"],
      fullscreen: ["Control+`"],
      extend: ["e", "q"],
    },
  },
};

export const presets = Object.entries(PRESETS).map(([name, { title }]) => [name, title]);

/** @extends {Emitter<{ change: null }>} */
export class Keymap extends Emitter {
  /** @param {Keeper | null} [storage] */
  constructor(storage = globalThis.localStorage) {
    super();
    this.storage = storage;
    const kept = readPreferences(storage, KEY);
    const preset = typeof kept.preset === "string" ? kept.preset : "";
    this.preset = Object.hasOwn(PRESETS, preset) ? preset : "studio";
    /** action → keys @type {{ [action: string]: string[] }} */
    this.own = Object.fromEntries(entriesOf(kept.own, isTexts));
  }

  /** Actions as they are shown together. */
  get groups() {
    /** @type {{ title: string, actions: { action: string, what: string, keys: string[] }[] }[]} */
    const groups = [];
    for (const [action, what, keys] of ALL) {
      if (!what) groups.push({ title: action, actions: [] });
      else groups.at(-1)?.actions.push({ action, what, keys: this.keysOf(action, keys) });
    }
    return groups;
  }

  /**
   * @param {string} action
   * @param {string[]} [otherwise] its keys where nobody changed them
   */
  keysOf(action, otherwise = ALL.find(([name]) => name === action)?.[2] ?? []) {
    const preset = PRESETS[this.preset].keys[action];
    return this.own[action] ?? preset ?? otherwise.filter((key) => !this.takenByPreset(key, scopeOf(action)));
  }

  /** A key that a preset gives to one action is no longer the default of another.
   * @param {string} key
   * @param {Scope} scope
   */
  takenByPreset(key, scope) {
    const given = Object.entries(PRESETS[this.preset].keys);
    return given.some(([action, keys]) => scopeOf(action) === scope && keys.includes(key));
  }

  /**
   * @param {string} key
   * @param {Scope} [scope]
   */
  actionOf(key, scope = "page") {
    for (const [action, what] of SCOPES[scope]) if (what && this.keysOf(action).includes(key)) return action;
    return null;
  }

  /** Why an action cannot have a key, or nothing.
   * @param {string} action
   * @param {string} key
   */
  refuses(action, key) {
    if (scopeOf(action) === "page")
      return /^[1-9]$/.test(key) ? "Digits are for labels; set them in the Labels dialog." : "";
    const isWriting = [...key.replace("Shift+", "")].length === 1 || /^(Shift\+)?(Space|Backspace|Delete)$/.test(key);
    return isWriting ? "This key writes in the line; take one with Ctrl or Alt, or one of F1 to F12." : "";
  }

  /** @param {string} preset */
  choose(preset) {
    this.preset = preset;
    this.own = {};
    this.save();
  }

  /** Give a key to an action; returns the action that loses it.
   * @param {string} action
   * @param {string} key
   */
  assign(action, key) {
    const loser = this.actionOf(key, scopeOf(action));
    if (loser && loser !== action) this.own[loser] = this.keysOf(loser).filter((other) => other !== key);
    this.own[action] = [key];
    this.save();
    return loser === action ? null : loser;
  }

  save() {
    this.storage?.setItem(KEY, JSON.stringify({ preset: this.preset, own: this.own }));
    this.emit("change", null);
  }
}

/** @param {string} action */
export function titleOf(action) {
  return ALL.find(([name]) => name === action)?.[1] ?? action;
}

/** The name of the key that was pressed, with what was held: "Control+Shift+Z", "?", "ArrowLeft".
 * @param {Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey">} event
 */
export function keyName(event) {
  const one = event.key.length === 1;
  const letter = one && /\p{L}/u.test(event.key);
  const base =
    event.key === " "
      ? "Space"
      : letter
        ? event.shiftKey
          ? event.key.toUpperCase()
          : event.key.toLowerCase()
        : event.key;
  const shift = event.shiftKey && (!one || letter || base === "Space") ? "Shift+" : ""; // “?” needs Shift on most keyboards
  return `${event.ctrlKey || event.metaKey ? "Control+" : ""}${event.altKey ? "Alt+" : ""}${shift}${base}`;
}

/** @type {{ [part: string]: string }} */
const SHOWN = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Control: "Ctrl", "-": "−" };

/** @param {string} key */
export function shownKey(key) {
  if (key === "+") return key;
  return key
    .split("+")
    .map((part) => SHOWN[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(" ");
}
