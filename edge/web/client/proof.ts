/**
 * `proof.js`: looks for the answer to a proof of work. Loaded when one is asked for. The page's own
 * `crypto.subtle` is missing without HTTPS, and a promise for each hash takes ten times as long.
 */

/** Milliseconds of work between two moments in which the page may do something else. */
const SLICE = 12;
/** Answers that are tried between two looks at the clock. */
const BATCH = 256;

/** The fractions of roots, from which SHA-256 takes its constants. */
const [STATE, ROUNDS] = constants();

/** The first number with which SHA-256 of `puzzle`, a full stop and it begins with so many zero bits. */
export async function solve(puzzle: string, difficulty: number): Promise<string> {
  const hash = hasher(`${puzzle}.`);
  for (let number = 0; ; await pause()) {
    const until = performance.now() + SLICE;
    do {
      for (const end = number + BATCH; number < end; number++) {
        if (Math.clz32(hash(number)) >= difficulty) return `${number}`;
      }
    } while (performance.now() < until);
  }
}

/** Gives the first 32 bits of the hash of `prefix` and a number. */
function hasher(prefix: string): (number: number) => number {
  const bytes = new TextEncoder().encode(prefix);
  // What all answers have in common is hashed once.
  const common = bytes.length - (bytes.length % 64);
  const begun = STATE.slice();
  for (let at = 0; at < common; at += 64) compress(begun, new DataView(bytes.buffer, at, 64));
  const rest = bytes.subarray(common);
  const block = new Uint8Array(128);
  const state = begun.slice();
  return (number) => {
    const digits = `${number}`;
    let end = rest.length;
    block.fill(0);
    block.set(rest);
    for (let i = 0; i < digits.length; i++) block[end++] = digits.charCodeAt(i);
    block[end] = 0x80;
    const blocks = end + 9 > 64 ? 2 : 1;
    new DataView(block.buffer).setUint32(blocks * 64 - 4, (common + end) * 8);
    state.set(begun);
    for (let at = 0; at < blocks; at++) compress(state, new DataView(block.buffer, at * 64, 64));
    return state[0]!;
  };
}

const words = new Int32Array(64);

/** One round of SHA-256 (FIPS 180-4, section 6.2.2). */
function compress(state: Int32Array, block: DataView): void {
  const turn = (x: number, by: number) => (x >>> by) | (x << (32 - by));
  for (let i = 0; i < 64; i++) {
    if (i < 16) words[i] = block.getInt32(i * 4);
    else {
      const [x, y] = [words[i - 15]!, words[i - 2]!];
      const early = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
      const late = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
      words[i] = words[i - 16]! + early + words[i - 7]! + late;
    }
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as number[] as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i]! + words[i]!) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i]! += value));
}

function constants(): [state: Int32Array, rounds: Int32Array] {
  const state = new Int32Array(8);
  const rounds = new Int32Array(64);
  const fraction = (root: number) => ((root % 1) * 2 ** 32) | 0;
  for (let prime = 2, count = 0; count < 64; prime++) {
    let divisor = 2;
    while (prime % divisor) divisor++;
    if (divisor < prime) continue;
    if (count < 8) state[count] = fraction(Math.sqrt(prime));
    rounds[count++] = fraction(Math.cbrt(prime));
  }
  return [state, rounds];
}

/** Lets the page do what it has to; a timer would be slowed down where nobody looks. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
