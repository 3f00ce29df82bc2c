/* A QR code of one size for the proof slip: version 4, level M, alphanumeric, mask 3 (ISO/IEC 18004): up to 90 characters of
 * 0-9 A-Z space $ % * + - . / :  One fixed size needs no tables of sizes; any mask may be read.
 */
const CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const SIDE = 33;
const DATA = 64; // code words of data, in 2 blocks of 32
const BLOCKS = 2;
const CHECKS = 18; // code words of error correction in each block
const MOST = 90;
const FORMAT = 0b101101101001011; // level M, mask 3

const EXP = new Uint8Array(512), LOG = new Uint8Array(256);
for (let at = 0, value = 1; at < 255; at += 1) {
  EXP[at] = EXP[at + 255] = value;
  LOG[value] = at;
  value = value & 128 ? (value << 1) ^ 0x11d : value << 1;
}
const multiply = (a, b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);

function dataWords(text) {
  const bits = [];
  const put = (value, count) => { for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1); };
  put(0b0010, 4);
  put(text.length, 9);
  for (let at = 0; at < text.length; at += 2) {
    const first = CHARACTERS.indexOf(text[at]);
    if (at + 1 < text.length) put(first * 45 + CHARACTERS.indexOf(text[at + 1]), 11);
    else put(first, 6);
  }
  put(0, Math.min(4, DATA * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const words = [];
  for (let at = 0; at < bits.length; at += 8) words.push(bits.slice(at, at + 8).reduce((sum, bit) => sum * 2 + bit, 0));
  for (let pad = 0xec; words.length < DATA; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

function checkWords(block) {
  let generator = [1];
  for (let at = 0; at < CHECKS; at += 1) {
    const next = new Array(generator.length + 1).fill(0);
    generator.forEach((one, place) => { next[place] ^= one; next[place + 1] ^= multiply(one, EXP[at]); });
    generator = next;
  }
  const rest = [...block, ...new Array(CHECKS).fill(0)];
  for (let at = 0; at < block.length; at += 1) {
    const factor = rest[at];
    if (factor) generator.forEach((one, place) => { rest[at + place] ^= multiply(one, factor); });
  }
  return rest.slice(block.length);
}

/** The code as rows of true (dark) and false; throws for a text that does not fit. */
export function qr(text) {
  if (text.length > MOST || [...text].some((one) => !CHARACTERS.includes(one))) throw new RangeError("not for this code");
  const grid = Array.from({ length: SIDE }, () => new Array(SIDE).fill(null));
  drawPatterns(grid);
  const words = dataWords(text);
  const blocks = Array.from({ length: BLOCKS }, (_, at) => words.slice((at * DATA) / BLOCKS, ((at + 1) * DATA) / BLOCKS));
  const checks = blocks.map(checkWords);
  const stream = [];
  for (let at = 0; at < DATA / BLOCKS; at += 1) for (const block of blocks) stream.push(block[at]);
  for (let at = 0; at < CHECKS; at += 1) for (const block of checks) stream.push(block[at]);
  const bits = stream.flatMap((word) => [7, 6, 5, 4, 3, 2, 1, 0].map((at) => (word >> at) & 1));
  drawData(grid, bits);
  return grid;
}

function drawPatterns(grid) {
  const set = (row, column, dark) => { if (row >= 0 && column >= 0 && row < SIDE && column < SIDE) grid[row][column] = dark; };
  for (const [row, column] of [[3, 3], [3, SIDE - 4], [SIDE - 4, 3]]) {
    for (let dy = -4; dy <= 4; dy += 1) for (let dx = -4; dx <= 4; dx += 1) {
      const far = Math.max(Math.abs(dx), Math.abs(dy));
      set(row + dy, column + dx, far !== 2 && far !== 4);
    }
  }
  for (let dy = -2; dy <= 2; dy += 1) for (let dx = -2; dx <= 2; dx += 1) set(26 + dy, 26 + dx, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
  for (let at = 8; at < SIDE - 8; at += 1) { grid[6][at] = at % 2 === 0; grid[at][6] = at % 2 === 0; }
  const bit = (at) => Boolean((FORMAT >> at) & 1);
  for (let at = 0; at < 6; at += 1) { grid[at][8] = bit(at); grid[8][at] = bit(14 - at); }
  [grid[7][8], grid[8][8], grid[8][7]] = [bit(6), bit(7), bit(8)];
  for (let at = 0; at < 8; at += 1) grid[8][SIDE - 1 - at] = bit(at);
  for (let at = 8; at < 15; at += 1) grid[SIDE - 15 + at][8] = bit(at);
  grid[SIDE - 8][8] = true;
}

function drawData(grid, bits) {
  let at = 0;
  for (let right = SIDE - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5;
    for (let step = 0; step < SIDE; step += 1) {
      const row = up ? SIDE - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (grid[row][column] !== null) continue;
        const dark = at < bits.length && bits[at] === 1;
        at += 1;
        grid[row][column] = (row + column) % 3 === 0 ? !dark : dark; // mask 3
      }
    }
  }
}
