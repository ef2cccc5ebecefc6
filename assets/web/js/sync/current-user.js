// Whose edits these are: who is logged in, else the name in the header, kept by this browser.

let user = "";

/** @param {string} name of who is logged in */
export function setCurrentUser(name) {
  user = name;
  document.dispatchEvent(new Event("annotator"));
}

export function currentUser() {
  return user || localStorage.getItem("annotator") || "";
}
