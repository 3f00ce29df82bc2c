/* A photo as evidence: drawn again on a canvas (so no position and no other data goes with it), at most 1,600 pixels, JPEG. */
import { Cannot } from "./tablet.js";

const LONGEST = 1600;
const QUALITY = 0.82;
const BYTES_MOST = 5_000_000;

/** JPEG bytes of a picture file. Throws Cannot with words for a HEIC, an oversized picture, something that is no picture. */
export async function redraw(file) {
  const head = new Uint8Array(await file.slice(0, 32).arrayBuffer());
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    if (isHeic(head)) throw new Cannot("photo_heic", { name: file.name });
    const pixels = await jpegPixels(file);
    throw pixels > 36_000_000 ? new Cannot("photo_huge", { name: file.name, n: Math.round(pixels / 1_000_000) }) : new Cannot("photo_unreadable", { name: file.name });
  }
  try {
    return await drawn(bitmap);
  } finally {
    bitmap.close();
  }
}

async function drawn(bitmap) {
  for (let longest = LONGEST; ; longest = Math.round(longest * 0.75)) {
    const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    if (blob.size <= BYTES_MOST) return new Uint8Array(await blob.arrayBuffer());
  }
}

function isHeic(head) {
  const text = String.fromCharCode(...head);
  return text.slice(4, 8) === "ftyp" && /hei[cfxms]|hev|mif1|msf1|avif/.test(text.slice(8));
}

/** Width times height as the head of a JPEG says; 0 for anything else. */
async function jpegPixels(file) {
  const view = new DataView(await file.slice(0, 262_144).arrayBuffer());
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return 0;
  for (let at = 2; at + 9 < view.byteLength; ) {
    const marker = view.getUint16(at);
    if (marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)) return view.getUint16(at + 5) * view.getUint16(at + 7);
    at += 2 + view.getUint16(at + 2);
  }
  return 0;
}
