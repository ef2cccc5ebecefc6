// The keys of this person on all pages: what is changed on one of them holds on the others at once.

import { Keymap } from "./keymap.js";

export const keymap = new Keymap();
