// What the keys do while somebody types a line of the transcript, by name (see keymap.js): hands stay on the keyboard.

/** @import { LineField } from "../view/line-field.js" */
/** @import { Player } from "../view/player.js" */

const REWIND_S = 2;

/** @typedef {(field: LineField) => unknown} LineAction */

/**
 * @param {Pick<Player, "time" | "toggle" | "seek" | "playRange" | "range">} player
 * @param {(text: string) => void} find
 * @returns {{ [action: string]: LineAction }}
 */
export function lineCommands(player, find) {
  return {
    lineToggle: () => player.toggle(),
    lineRewind: () => {
      player.range = null;
      player.seek(Math.max(0, player.time - REWIND_S));
    },
    linePlay: ({ line }) => player.playRange(line.start, line.end),
    lineNext: (field) => field.leaveFor(1),
    linePrevious: (field) => field.leaveFor(-1),
    lineSplit: (field) => field.enter(),
    lineMerge: (field) => field.merge(),
    lineSave: (field) => field.finish(true),
    lineSpeaker: (field) => field.askSpeaker(),
    lineFind: (field) => find(field.chosen),
  };
}
