// Which library this page is of. The studio at its address may have another one open by now: it is told with everything
// that is sent, and refuses what is meant for another.

/** The id of the library that the document was loaded from. */
export const LIBRARY = globalThis.document?.documentElement?.dataset?.library ?? "";

/** What a request says of it. @type {{ [name: string]: string }} */
export const OF_LIBRARY = { "X-Studio-Library": LIBRARY };
