// Which library is open, and the way to another one; and what a page says whose library is no longer open here.

import { call, messageOf } from "../sync/api.js";
import { LIBRARY } from "../sync/library.js";
import { el, finder, toast } from "./dom.js";
import { openMenu } from "./menu.js";

/** @import { OtherLibrary, Server } from "../types.js" */

const LOOK_MS = 500; // between two looks whether the other library is open
const PATIENCE_MS = 60_000;

export class LibrarySwitcher {
  /**
   * @param {HTMLElement} root
   * @param {Server} server
   */
  constructor(root, server) {
    this.server = server;
    const $ = finder(root);
    this.button = $("libraries", "button");
    this.said = $("moved");
    this.isLeaving = false;
    document.addEventListener("library", (event) => {
      if (!this.isLeaving) this.#say(/** @type {CustomEvent<string>} */ (event).detail);
    });
  }

  /**
   * @param {string} name of the one that is open
   * @param {OtherLibrary[]} others
   */
  show(name, others) {
    this.button.hidden = !others.length;
    this.button.textContent = `${name} ▾`;
    this.button.onclick = () =>
      openMenu(
        this.button,
        [
          [name, () => {}, { checked: true }],
          ...others.map(
            ({ name: other, there }) =>
              /** @type {import("./menu.js").MenuItem} */ ([
                there ? other : `${other} (not there)`,
                () => this.#switch(other),
                { disabled: !there },
              ]),
          ),
        ],
        "Libraries",
      );
  }

  /** @param {string} name */
  async #switch(name) {
    this.isLeaving = true;
    toast(`Opening ${name} …`);
    try {
      await call(this.server, "switch_library", { library: name });
      await otherIsOpen();
      location.assign("/");
    } catch (error) {
      this.isLeaving = false;
      toast(messageOf(error), "error");
    }
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.said.replaceChildren(
      sentence,
      " ",
      el("button", { type: "button", text: "Load again", onclick: () => location.assign("/") }),
    );
    this.said.hidden = false;
  }
}

/** Waits until the document of another library is there. */
async function otherIsOpen() {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const reply = await fetch("/", { cache: "no-store" }).catch(() => null);
    const text = (await reply?.text().catch(() => "")) ?? "";
    if (reply?.ok && !text.includes(`data-library="${LIBRARY}"`)) return; // its own document, or its way in
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
  }
  throw new Error("The other library does not open; look at what studio serve prints.");
}
