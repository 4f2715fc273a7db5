import { Refusal } from "./api";
import type { ClientFrame, SendReply, ServerFrame } from "./frames";
import { downFrom, route, type Down, type Place } from "./link";

/** What becomes of a client frame on its way as a POST. */
interface Outcome {
  frame(frame: ServerFrame): void;
  down(down: Down): void;
}

/**
 * Sends client frames as POSTs, for transports that only listen. Messages go one after the other,
 * so that their order stands; the answers come back as the frames that a socket would bring.
 */
export function posts(place: Place, outcome: Outcome): (frame: ClientFrame) => void {
  let turn = Promise.resolve(true);
  const post = async (name: string, body: unknown): Promise<boolean> => {
    try {
      const reply = await place.api.post<SendReply>(route(place, name), body);
      if (name === "messages") outcome.frame({ ack: { ...reply, key: keyOf(body) } });
      return true;
    } catch (error) {
      return settle(error, name === "messages" ? keyOf(body) : undefined, outcome);
    }
  };
  return ({ send, read, typing, stop }) => {
    if (send) turn = turn.then((going) => going && post("messages", send));
    if (read) void post("read", read);
    if (typing) void post("typing", typing);
    if (stop) void post("stop", stop);
  };
}

/** Tells of a failed POST; false when the link is over. */
function settle(error: unknown, key: string | undefined, outcome: Outcome): boolean {
  const refused = error instanceof Refusal && error.status < 500 && error.status !== 401;
  if (refused && key) {
    const { code, message, retryAfterMs } = error;
    outcome.frame({ error: { key, code, message, retryAfterMs } });
  }
  // A mark or a notice that is refused changes nothing; one that is lost says that the network is.
  if (!refused) outcome.down(downFrom(error));
  return refused;
}

function keyOf(body: unknown): string {
  return (body as { key: string }).key;
}
