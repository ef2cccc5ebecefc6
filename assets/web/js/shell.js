// The header: pages, the annotator's name, light and dark.

import { current, go, onRoute } from "./router.js";
import { call } from "./sync/api.js";
import { nameUser } from "./sync/current-user.js";

export function mount(element, server) {
  const tabs = [...element.querySelectorAll("[role=tab]")];
  let lastVideo = null;
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      if (tab.dataset.page === current().page) return;
      go(tab.dataset.page, tab.dataset.page === "annotate" && lastVideo ? { video: lastVideo } : {});
    });
  }
  onRoute((route) => {
    lastVideo = route.video || lastVideo;
    for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.page === route.page));
  });
  const name = element.querySelector("#annotator");
  name.value = localStorage.getItem("annotator") || "";
  name.addEventListener("change", () => localStorage.setItem("annotator", name.value.trim()));
  call(server, "whoami").then(
    ({ user, read_only: readOnly }) => {
      element.querySelector("#banner").textContent = readOnly;
      element.querySelector("#banner").hidden = !readOnly;
      if (!user) return;
      nameUser(user);
      localStorage.setItem("annotator", user); // what is done before the next page has asked is this person's too
      name.value = user;
      name.readOnly = true;
      element.querySelector("#logout").hidden = false;
    },
    () => {},
  );
  const dark = localStorage.getItem("dark") ?? String(matchMedia("(prefers-color-scheme: dark)").matches);
  document.body.classList.toggle("dark", dark === "true");
  element.querySelector("#theme").addEventListener("click", () => {
    const now = document.body.classList.toggle("dark");
    localStorage.setItem("dark", String(now));
  });
}
