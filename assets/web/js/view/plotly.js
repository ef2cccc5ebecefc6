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

/** The box keeps the height of its drawing: when the window changes its size, Plotly asks the box how high it is.
 * @param {HTMLElement} box
 * @param {number} height px
 */
export function keepHeight(box, height) {
  box.style.height = `${height}px`;
  return height;
}

/** A square map of heat: how each of some names stands to each.
 * @param {HTMLElement} box
 * @param {readonly string[]} names
 * @param {object} cells what Plotly calls a trace: z, its range and colours, and what the cells say
 * @param {{ cell: number, below: number, title?: string }} sizes px of a cell and of the room below, and what is there
 */
export async function drawMatrix(box, names, cells, { cell, below, title = "" }) {
  const Plotly = await plotly();
  const ink = getComputedStyle(document.body).getPropertyValue("--ms-text").trim();
  const axis = { fixedrange: true, type: "category", showgrid: false };
  const sides = { x: names.map(plain), y: names.map(plain) };
  await Plotly.react(
    box,
    [
      {
        type: "heatmap",
        ...sides,
        xgap: 3,
        ygap: 3,
        colorscale: "Blues",
        reversescale: true,
        showscale: false,
        ...cells,
      },
    ],
    {
      height: keepHeight(box, 50 + below + cell * names.length),
      margin: { l: 110, r: 10, t: 10, b: below },
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      font: { color: ink },
      xaxis: { ...axis, title: { text: title } },
      yaxis: { ...axis, autorange: "reversed" },
    },
    { displayModeBar: false, responsive: true },
  );
}
