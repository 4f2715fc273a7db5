/** A QR code's modules: the patterns that readers look for, the data in its zigzag, the mask. */

/** Where alignment patterns stand, by version. */
const ALIGNMENT = [
  [],
  [6, 18],
  [6, 22],
  [6, 26],
  [6, 30],
  [6, 34],
  [6, 22, 38],
  [6, 24, 42],
  [6, 26, 46],
  [6, 28, 50],
];

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** A module: undefined is one that data may take. */
type Grid = (boolean | undefined)[][];

/** Draws codewords, under the mask that readers like best. */
export function draw(version: number, codewords: readonly number[]): boolean[][] {
  const blank = patterns(version);
  const drawn = MASKS.map((mask, number) => {
    const grid = filled(blank, codewords, mask);
    format(grid, number);
    return grid as boolean[][];
  });
  return drawn.reduce((best, grid) => (penalty(grid) < penalty(best) ? grid : best));
}

function patterns(version: number): Grid {
  const size = version * 4 + 17;
  const grid: Grid = Array.from({ length: size }, () => new Array<boolean | undefined>(size).fill(undefined));
  const set = (x: number, y: number, dark: boolean) => {
    if (grid[y]?.[x] !== undefined || x < 0 || y < 0 || x >= size || y >= size) return;
    grid[y]![x] = dark;
  };
  for (const [left, top] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const) {
    rings(left, top, 4, (x, y, ring) => set(x, y, ring !== 2 && ring !== 4));
  }
  const places = ALIGNMENT[version - 1] ?? [];
  const last = places.at(-1) ?? 0;
  for (const x of places) {
    for (const y of places) {
      const inFinder = (x === 6 && y === 6) || (x === 6 && y === last) || (x === last && y === 6);
      if (!inFinder) rings(x, y, 2, (x, y, ring) => set(x, y, ring !== 1));
    }
  }
  for (let at = 8; at < size - 8; at++) {
    set(at, 6, at % 2 === 0);
    set(6, at, at % 2 === 0);
  }
  if (version >= 7) versionBits(version, size, set);
  // Kept free for the format, which depends on the mask.
  format(grid, 0);
  return grid;
}

/** Calls for every module around a centre with its distance from it. */
function rings(
  left: number,
  top: number,
  radius: number,
  each: (x: number, y: number, ring: number) => void,
): void {
  for (let y = -radius; y <= radius; y++) {
    for (let x = -radius; x <= radius; x++) each(left + x, top + y, Math.max(Math.abs(x), Math.abs(y)));
  }
}

function versionBits(
  version: number,
  size: number,
  set: (x: number, y: number, dark: boolean) => void,
): void {
  const bits = (version << 12) | remainderOf(version, 12, 0x1f25);
  for (let at = 0; at < 18; at++) {
    const dark = ((bits >> at) & 1) === 1;
    const [far, near] = [size - 11 + (at % 3), Math.floor(at / 3)];
    set(far, near, dark);
    set(near, far, dark);
  }
}

/** Level M and the mask, twice around the finders. */
function format(grid: Grid, mask: number): void {
  const size = grid.length;
  const bits = ((mask << 10) | remainderOf(mask, 10, 0x537)) ^ 0x5412;
  const bit = (at: number) => ((bits >> at) & 1) === 1;
  for (let at = 0; at < 15; at++) {
    const along = at < 6 ? at : at < 8 ? at + 1 : size - 15 + at;
    const across = at < 8 ? size - 1 - at : at < 9 ? 7 : 14 - at;
    grid[along]![8] = bit(at);
    grid[8]![across] = bit(at);
  }
  grid[size - 8]![8] = true;
}

/** The remainder of a BCH code. */
function remainderOf(value: number, degree: number, divisor: number): number {
  let rest = value;
  for (let i = 0; i < degree; i++) rest = (rest << 1) ^ ((rest >> (degree - 1)) * divisor);
  return rest;
}

function filled(blank: Grid, codewords: readonly number[], mask: (x: number, y: number) => boolean): Grid {
  const grid = blank.map((row) => [...row]);
  const size = grid.length;
  let at = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const upward = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step++) {
      const y = upward ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (blank[y]![x] !== undefined) continue;
        const dark = (((codewords[at >> 3] ?? 0) >> (7 - (at & 7))) & 1) === 1;
        grid[y]![x] = dark !== mask(x, y);
        at += 1;
      }
    }
  }
  return grid;
}

/** How hard a code is to read: runs, blocks, false finders, imbalance. */
function penalty(grid: boolean[][]): number {
  const columns = grid.map((_, x) => grid.map((row) => row[x]!));
  const lines = [...grid, ...columns].map((line) => line.map((dark) => (dark ? "1" : "0")).join(""));
  const runs = lines
    .flatMap((line) => line.match(/0{5,}|1{5,}/g) ?? [])
    .reduce((all, run) => all + run.length - 2, 0);
  const finders = lines.reduce(
    (all, line) => all + (line.match(/(?=00001011101|10111010000)/g)?.length ?? 0) * 40,
    0,
  );
  let blocks = 0;
  for (let y = 1; y < grid.length; y++) {
    for (let x = 1; x < grid.length; x++) {
      const dark = grid[y]![x];
      if (dark === grid[y]![x - 1] && dark === grid[y - 1]![x] && dark === grid[y - 1]![x - 1]) blocks += 3;
    }
  }
  const share = grid.flat().filter(Boolean).length / grid.length ** 2;
  return runs + finders + blocks + Math.floor(Math.abs(share - 0.5) * 20) * 10;
}
