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
  for (let at = 0; at < common; at += 64) compress(begun, bytes, at);
  const rest = bytes.subarray(common);
  const block = new Uint8Array(128);
  const state = begun.slice();
  return (number) => {
    const digits = `${number}`;
    let end = rest.length;
    block.fill(0, end);
    block.set(rest);
    for (let i = 0; i < digits.length; i++) block[end++] = digits.charCodeAt(i);
    block[end] = 0x80;
    const size = end + 9 > 64 ? 128 : 64;
    const bits = (common + end) * 8;
    block[size - 2] = bits >> 8;
    block[size - 1] = bits;
    state.set(begun);
    for (let at = 0; at < size; at += 64) compress(state, block, at);
    return state[0]!;
  };
}

const words = new Int32Array(64);

/** Takes 64 bytes into a hash by SHA-256 (FIPS 180-4, section 6.2.2). */
function compress(state: Int32Array, bytes: Uint8Array, at: number): void {
  const turn = (x: number, by: number) => (x >>> by) | (x << (32 - by));
  for (let i = 0; i < 16; i++, at += 4)
    words[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15]!;
    const y = words[i - 2]!;
    const early = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
    const late = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    words[i] = words[i - 16]! + early + words[i - 7]! + late;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const choice = (e & f) ^ (~e & g);
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + ROUNDS[i]! + words[i]!) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
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
