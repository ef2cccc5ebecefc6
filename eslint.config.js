// What tsc does not see: unused names, things that are always or never true, `var`, `==`.

import js from "@eslint/js";

/** Modules of a folder import nothing of the folders above it (types aside).
 * @param {string} folder
 * @param {string[]} above
 */
const layer = (folder, above) => ({
  files: [`assets/web/js/${folder}/**`],
  rules: { "no-restricted-imports": ["error", { patterns: above.map((name) => `**/${name}/**`) }] },
});

export default [
  { ignores: ["build/", "node_modules/", ".venv/"] },
  js.configs.recommended,
  {
    rules: {
      "no-undef": "off", // tsc knows what a browser and node have
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "no-unused-expressions": "error",
      "no-var": "error",
      "prefer-const": "error",
      "object-shorthand": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  // Imports go one way: what a page knows, how it talks to the server, one open video, and what is shown.
  layer("model", ["sync", "document", "view", "input", "annotate"]),
  layer("sync", ["document", "view", "input", "annotate"]),
  layer("document", ["view", "input", "annotate"]),
  layer("view", ["annotate"]),
  layer("input", ["annotate"]),
];
