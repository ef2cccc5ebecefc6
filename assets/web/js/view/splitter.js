// How the page is shared between the picture and the timeline: a line to drag, or to move with the arrow keys.

const KEY = "timeline-height";
const [LEAST, MOST, FIRST] = [20, 80, 46]; // percent of the workspace

/**
 * @param {HTMLElement} line
 * @param {HTMLElement} workspace
 */
export function splitter(line, workspace) {
  const set = (/** @type {number} */ percent) => {
    const height = Math.round(Math.min(MOST, Math.max(LEAST, percent)));
    workspace.style.setProperty("--timeline-height", `${height}%`);
    line.setAttribute("aria-valuenow", String(height));
    return height;
  };
  const keep = (/** @type {number} */ percent) => localStorage.setItem(KEY, String(set(percent)));
  set(Number(localStorage.getItem(KEY)) || FIRST);
  line.addEventListener("pointerdown", (event) => {
    line.setPointerCapture(event.pointerId);
    line.classList.add("dragged");
    event.preventDefault();
  });
  line.addEventListener("pointermove", (event) => {
    if (!line.classList.contains("dragged")) return;
    const { bottom, height } = workspace.getBoundingClientRect();
    keep((100 * (bottom - event.clientY)) / height);
  });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"]))
    line.addEventListener(name, () => line.classList.remove("dragged"));
  line.addEventListener("dblclick", () => keep(FIRST));
  line.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowUp" ? 4 : event.key === "ArrowDown" ? -4 : 0;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    keep(Number(line.getAttribute("aria-valuenow")) + step);
  });
}
