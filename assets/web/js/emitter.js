// Events with a type: `on("notice", (text) => …)` gets what `emit("notice", text)` was given, and tsc knows what that is.

/** @template {object} Events name of an event → what it tells */
export class Emitter {
  #target = new EventTarget();

  /**
   * @template {keyof Events & string} Name
   * @param {Name} name
   * @param {(detail: Events[Name]) => void} listener one that throws holds up no other
   * @returns {() => void} what ends it
   */
  on(name, listener) {
    const heard = (/** @type {Event} */ event) => listener(/** @type {CustomEvent} */ (event).detail);
    this.#target.addEventListener(name, heard);
    return () => this.#target.removeEventListener(name, heard);
  }

  /**
   * @template {keyof Events & string} Name
   * @param {Name} name
   * @param {Events[Name]} detail
   */
  emit(name, detail) {
    this.#target.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
