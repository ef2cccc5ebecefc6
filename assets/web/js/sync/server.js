// The functions of Python that a page may call, by Gradio's protocol for the server functions of a component.

import { newId } from "../model/ids.js";
import { OF_LIBRARY } from "./library.js";

/** @import { Server } from "../types.js" */

const SESSION = newId();
const OTHER_LIBRARY = 409;
const OUTLIVES = 2_000; // letters of a call that goes on when its page is left: browsers let few bytes do so

/** @param {HTMLElement} element of a page @returns {Server} each rejects when the studio does not answer */
export function serverOf(element) {
  const component = Number(element.dataset.component);
  const ask = async (/** @type {string} */ name, /** @type {unknown} */ request) => {
    const body = JSON.stringify({ data: request, fn_name: name, session_hash: SESSION, component_id: component });
    const reply = await fetch("/gradio_api/component_server/", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...OF_LIBRARY },
      body,
      keepalive: body.length < OUTLIVES, // what was switched is kept though the page is reloaded at once
    });
    if (reply.status === OTHER_LIBRARY) return reply.json();
    if (!reply.ok) throw new Error(`${name}: ${reply.status}`);
    return reply.json();
  };
  return /** @type {Server} */ (new Proxy({}, { get: (_, name) => ask.bind(null, String(name)) }));
}
