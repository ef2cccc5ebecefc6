// What tsc does not see: unused names, things that are always or never true, `var`, `==`.

import js from "@eslint/js";

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
];
