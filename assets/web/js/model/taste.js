// What this browser remembers of a person's taste, as JSON; {} where there is nothing, or nothing that can be read.

export function remembered(storage, key) {
  try {
    const found = JSON.parse(storage?.getItem(key));
    return isObject(found) ? found : {};
  } catch {
    return {};
  }
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// The entries of what should be an object that `fits` lets through.
export const entriesOf = (value, fits) => Object.entries(isObject(value) ? value : {}).filter(([, each]) => fits(each));

export const isTexts = (value) => Array.isArray(value) && value.every((each) => typeof each === "string");
