// The font of what is drawn on a canvas; it is the page's (studio.css).

export const FONT = "ui-sans-serif, system-ui, sans-serif";
