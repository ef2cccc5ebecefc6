// What this browser remembers of a person's taste, as JSON; {} where there is nothing, or nothing that can be read.

export function remembered(storage, key) {
  try {
    return JSON.parse(storage?.getItem(key)) ?? {};
  } catch {
    return {};
  }
}
