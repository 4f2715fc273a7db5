import type { EventsPage } from "./frames";
import { posts } from "./posts";
import { downFrom, query, route, type Down, type Link, type Listener, type Place } from "./link";

/** Seconds that the server holds a poll open: the most it allows. */
const WAIT = 25;
/** Milliseconds beyond that after which a poll counts as lost. */
const GRACE = 10_000;
/** A host that does not hold an empty poll open is asked no more often than this, in milliseconds. */
const HASTE = 1_500;

/** Connects by asking again and again; answers come whole, not as they are written. */
export function longPoll(place: Place, listener: Listener): Link {
  const polling = new AbortController();
  const close = () => polling.abort();
  const end = (down: Down) => {
    if (polling.signal.aborted) return;
    close();
    listener.down(down);
  };
  const post = posts(place, {
    frame: (frame) => polling.signal.aborted || listener.frame(frame),
    down: end,
  });
  poll(place, listener, polling.signal).catch((error: unknown) => end(downFrom(error)));
  // A gap needs no question: the next poll goes on from where the log is.
  return { send: post, close };
}

async function poll(place: Place, listener: Listener, stop: AbortSignal): Promise<void> {
  // The first poll does not wait, so that an empty conversation is greeted at once.
  for (let wait = 0; !stop.aborted; wait = WAIT) {
    const from = place.cursor();
    const asked = Date.now();
    const page = await ask(place, `${query(from)}&wait=${wait}`, wait * 1000 + GRACE, stop);
    if (stop.aborted) return;
    listener.life();
    greet(page, from.seq, listener);
    if (wait && !page.events?.length && Date.now() - asked < HASTE) await pause(HASTE, stop);
  }
}

async function ask(
  place: Place,
  query: string,
  within: number,
  stop: AbortSignal,
): Promise<EventsPage> {
  const one = new AbortController();
  const abort = () => one.abort();
  stop.addEventListener("abort", abort);
  const timer = setTimeout(abort, within);
  try {
    return await place.api.get<EventsPage>(`${route(place, "events")}?${query}`, one.signal);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", abort);
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** Gives a page out as the frames that a stream would bring. */
function greet({ epoch, recovered, latest, events = [] }: EventsPage, asked: number, listener: Listener) {
  const first = events[0]?.seq;
  const after = first !== undefined ? first - 1 : recovered ? asked : latest;
  listener.frame({ hello: { epoch, seq: latest, recovered, after } });
  for (const event of events) listener.frame({ event });
}
