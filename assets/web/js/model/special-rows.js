// Rows that mean something by their name; studio/timeline/annotation.py has the same.

/** What is said of a video as a whole: its segments last as long as the video. */
export const WHOLE_VIDEO = "Whole video";
/** Places to come back to: its segments are points. */
export const BOOKMARKS = "Bookmarks";
