// Whose edits these are: the name in the header, kept by this browser.

export function annotator() {
  return localStorage.getItem("annotator") || "";
}
