// The header: pages, the annotator's name, light and dark.

import { current, go, onRoute } from "./router.js";
import { call } from "./sync/api.js";
import { setCurrentUser } from "./sync/current-user.js";
import { finder } from "./view/dom.js";
import { LibrarySwitcher } from "./view/library-switcher.js";

/** @import { Server } from "./types.js" */
/** @import { Page } from "./router.js" */

/**
 * @param {HTMLElement} element
 * @param {Server} server
 */
export function mount(element, server) {
  const $ = finder(element);
  const tabs = /** @type {HTMLElement[]} */ ([...element.querySelectorAll("[role=tab]")]);
  /** @type {string | null} */
  let lastVideo = null;
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      const page = /** @type {Page} */ (tab.dataset.page);
      if (page !== current().page) go(page, page === "annotate" && lastVideo ? { video: lastVideo } : {});
    });
  }
  onRoute((route) => {
    lastVideo = route.video || lastVideo;
    for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.page === route.page));
  });
  const name = $("annotator", "input");
  name.value = localStorage.getItem("annotator") || "";
  name.addEventListener("change", () => {
    localStorage.setItem("annotator", name.value.trim());
    document.dispatchEvent(new Event("annotator"));
  });
  const switcher = new LibrarySwitcher(element, server);
  call(server, "session", {}).then(
    ({ user, read_only: readOnly, library, libraries }) => {
      switcher.show(library, libraries);
      $("banner").textContent = readOnly;
      $("banner").hidden = !readOnly;
      if (!user) return;
      setCurrentUser(user);
      localStorage.setItem("annotator", user); // what is done before the next page has asked is this person's too
      name.value = user;
      name.readOnly = true;
      $("logout").hidden = false;
    },
    () => {},
  );
  const dark = localStorage.getItem("dark") ?? String(matchMedia("(prefers-color-scheme: dark)").matches);
  document.body.classList.toggle("dark", dark === "true");
  $("theme").addEventListener("click", () => {
    const now = document.body.classList.toggle("dark");
    localStorage.setItem("dark", String(now));
  });
}
