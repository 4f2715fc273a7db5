import { Refusal } from "./api";
import type { Challenge } from "./frames";

/** Finds the answer to what a newcomer is asked. */
export type Prove = (challenge: Challenge) => Promise<string>;

/** Answers that are tried: one may come too late, or from another address than it was asked for. */
const TRIES = 3;

/** Does `act`, again with an answer where it is refused for the want of one. */
export async function proving<T>(prove: Prove, act: (answered?: Challenge) => Promise<T>): Promise<T> {
  let answered: Challenge | undefined;
  for (let tries = 0; ; tries++) {
    try {
      return await act(answered);
    } catch (error) {
      const challenge = error instanceof Refusal ? error.challenge : undefined;
      if (!challenge || tries === TRIES) throw error;
      answered = { ...challenge, answer: await prove(challenge) };
    }
  }
}

/** Works where work is asked for, with what `host` has for that, and leaves the rest to the page. */
export function prover(host: string, page: Prove | undefined): Prove {
  return async (challenge) => {
    const { kind, puzzle = "", difficulty = 0 } = challenge;
    if (kind === "PROOF_OF_WORK") {
      const { solve } = (await import(`${host}/proof.js`)) as typeof import("./proof");
      return solve(puzzle, difficulty);
    }
    try {
      if (!page) throw "createClient was given no `prove`";
      return await page(challenge);
    } catch (error) {
      throw new Refusal(403, "challenge_failed", String(error));
    }
  };
}
