// Whose edits these are: who is logged in, else the name in the header, kept by this browser.

let user = "";

export function nameUser(name) {
  user = name;
}

export function annotator() {
  return user || localStorage.getItem("annotator") || "";
}
