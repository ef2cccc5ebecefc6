// The beginning: each page is brought to life with the functions of Python that it may call.

import * as annotate from "./annotate.js";
import * as library from "./library.js";
import * as map from "./map.js";
import * as models from "./models.js";
import * as overview from "./overview.js";
import * as review from "./review.js";
import * as search from "./search.js";
import * as shell from "./shell.js";
import { serverOf } from "./sync/server.js";

for (const [name, page] of Object.entries({ shell, library, search, map, annotate, review, models, overview })) {
  const element = /** @type {HTMLElement} */ (document.getElementById(`page-${name}`));
  try {
    page.mount(element, serverOf(element));
  } catch (error) {
    reportError(error); // the other pages go on
  }
}
