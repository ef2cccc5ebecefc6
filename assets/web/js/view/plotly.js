// Plotly, loaded when a picture is first asked for; it comes with the installed package, not from the network.

/** What is used of it.
 * @typedef {object} Plotly
 * @property {(box: HTMLElement, data: object[], layout: object, options: object) => Promise<void>} react
 * @property {(box: HTMLElement, layout: object) => Promise<void>} relayout
 * @property {(box: HTMLElement, data: object, layout: object) => Promise<void>} update
 */

/** @type {Promise<Plotly> | null} */
let loading = null;

export function plotly() {
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = "/web/plotly.js";
    script.onload = () => done(/** @type {any} */ (window).Plotly);
    script.onerror = failed;
    document.head.append(script);
  });
  return loading;
}

/** Plotly reads <b> and &amp; in its texts; these look the same and mean nothing to it. @param {string} name */
export function plain(name) {
  const short = name.length > 26 ? `${name.slice(0, 25)}…` : name;
  return short.replaceAll("<", "‹").replaceAll(">", "›").replaceAll("&", "＆");
}
