// A picture file as plain pixels: the browser decodes it, so that the server never has to.

import { contextOf } from "../view/dom.js";

/** What is asked with. @typedef {{ pixels: string, width: number, height: number, url: string }} QueryImage */

const SIDE = 384;

/**
 * @param {Blob} file
 * @returns {Promise<QueryImage>}
 */
export async function pixelsOf(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const ctx = contextOf(canvas);
  ctx.imageSmoothingQuality = "high";
  ctx.fillStyle = "#fff"; // under what is transparent
  ctx.fillRect(0, 0, width, height);
  ctx.drawImage(bitmap, 0, 0, width, height);
  const { data } = ctx.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  let bytes = "";
  for (let i = 0; i < rgb.length; i += 8192) bytes += String.fromCharCode(...rgb.subarray(i, i + 8192));
  return { pixels: btoa(bytes), width, height, url: canvas.toDataURL("image/jpeg", 0.7) };
}
