/**
 * QR codes (ISO/IEC 18004) of bytes, error correction M, versions 1 to 10: enough for 213 bytes.
 * The matrix is drawn in `matrix.ts`; here the text becomes the codewords.
 */
import { draw } from "./matrix";
import { remainder } from "./reed-solomon";

/** Of level M, by version: error correction codewords a block, and the blocks' data codewords. */
const VERSIONS: readonly (readonly [ecc: number, blocks: readonly number[]])[] = [
  [10, [16]],
  [16, [28]],
  [26, [44]],
  [18, [32, 32]],
  [24, [43, 43]],
  [16, [27, 27, 27, 27]],
  [18, [31, 31, 31, 31]],
  [22, [38, 38, 39, 39]],
  [22, [36, 36, 36, 37, 37]],
  [26, [43, 43, 43, 43, 44]],
];

/** The rows of a code, dark modules true. Throws on a text that is too long. */
export function encode(text: string): boolean[][] {
  const bytes = new TextEncoder().encode(text);
  const at = VERSIONS.findIndex(([, blocks], index) => bytes.length + (index < 9 ? 2 : 3) <= sum(blocks));
  const chosen = VERSIONS[at];
  if (!chosen) throw new RangeError("too long for a QR code");
  const [ecc, blocks] = chosen;
  const data = codewords(bytes, at + 1, sum(blocks));
  return draw(at + 1, interleave(data, blocks, ecc));
}

/** Mode, length, the bytes, and padding up to what the version holds. */
function codewords(bytes: Uint8Array, version: number, capacity: number): number[] {
  const bits: number[] = [];
  const put = (value: number, length: number) => {
    for (let bit = length - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  put(0b0100, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  put(0, Math.min(4, capacity * 8 - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < capacity * 8; pad ^= 0xec ^ 0x11) put(pad, 8);
  return Array.from({ length: capacity }, (_, at) => parseInt(bits.slice(at * 8, at * 8 + 8).join(""), 2));
}

/** The blocks' codewords by turns, then those of their error correction. */
function interleave(data: readonly number[], sizes: readonly number[], ecc: number): number[] {
  let from = 0;
  const blocks = sizes.map((size) => data.slice(from, (from += size)));
  const checks = blocks.map((block) => remainder(block, ecc));
  return [...byTurns(blocks), ...byTurns(checks)];
}

function byTurns(lists: readonly (readonly number[])[]): number[] {
  const longest = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
