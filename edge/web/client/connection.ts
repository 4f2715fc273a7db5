import type { Api } from "./api";
import { Backoff } from "./backoff";
import type { Clock } from "./clock";
import type { ClientFrame, Resume, ServerFrame, SessionReply } from "./frames";
import { downFrom, type Down, type Link } from "./link";
import type { Session } from "./session";
import { TRANSPORTS, type Choice } from "./transport";
import { Watchdog } from "./watchdog";

/** `offline` means that tries have failed and go on; `stopped`, that there will be no more. */
export type Status = "connecting" | "online" | "offline" | "stopped";

/** Why there is no connection: a stable code and words for people. */
export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** Whom a connection serves. */
export interface Served {
  cursor(): Resume;
  /** A session is there, and a link is about to be made. */
  opened(session: SessionReply): void;
  frame(frame: ServerFrame): void;
  cut(): void;
  /** `status` or `fault` changed. */
  changed(): void;
}

/** Keeps one live link to a conversation through everything, one try at a time. */
export class Connection {
  status: Status = "connecting";
  fault: Fault | undefined;
  #session: SessionReply | undefined;
  #link: Link | undefined;
  #watchdog: Watchdog | undefined;
  #backoff: Backoff;
  #cancelRetry: (() => void) | undefined;
  /** Counts tries, so that news of an abandoned one is not taken for the present one's. */
  #try = 0;

  constructor(
    private readonly api: Api,
    private readonly session: Session,
    private readonly clock: Clock,
    private readonly choice: Choice,
    private readonly served: Served,
  ) {
    this.#backoff = new Backoff(() => clock.random());
  }

  /** Connects, with a session made or renewed before where that is needed. */
  async connect(fresh = false): Promise<void> {
    const mine = this.#begin();
    try {
      if (fresh || !this.#session) this.#session = await this.session.open();
      if (mine === this.#try) this.#join(mine, this.#session);
    } catch (error) {
      if (mine === this.#try) this.#down(downFrom(error));
    }
  }

  /** Sends, if there is a link; what matters is kept by the outbox until it is acknowledged. */
  send(frames: readonly ClientFrame[]): void {
    for (const frame of frames) this.#link?.send(frame);
  }

  /** Looks at once whether the link lives, and does not wait any longer to try for one. */
  check(): void {
    if (this.#cancelRetry) void this.connect();
    else this.#watchdog?.check();
  }

  /** Gives the link up for a new one. */
  cut(): void {
    if (this.#link) this.#down({ why: "cut" });
  }

  /** Ends it all. */
  stop(fault?: Fault): void {
    this.#begin();
    this.#tell("stopped", fault);
  }

  #begin(): number {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#watchdog?.stop();
    this.#link?.close();
    this.#link = this.#watchdog = undefined;
    return ++this.#try;
  }

  #join(mine: number, session: SessionReply): void {
    const mineOnly = <A>(then: (arg: A) => void) => (arg: A) => {
      if (mine === this.#try) then(arg);
    };
    this.served.opened(session);
    const place = {
      api: this.api,
      conversation: session.conversation?.id ?? "",
      cursor: () => this.served.cursor(),
    };
    const link = TRANSPORTS[this.choice.current](place, {
      frame: mineOnly((frame: ServerFrame) => this.#frame(frame)),
      life: () => mine === this.#try && this.#watchdog?.life(),
      down: mineOnly((down: Down) => this.#down(down)),
    });
    this.#link = link;
    this.#watchdog = new Watchdog(this.clock, link.ping, () => this.cut());
  }

  #frame(frame: ServerFrame): void {
    if (frame.hello && this.status !== "online") {
      const now = this.clock.now();
      this.#backoff.opened(now);
      this.choice.worked(now);
      this.#tell("online");
    }
    this.served.frame(frame);
  }

  #down(down: Down): void {
    this.#begin();
    this.served.cut();
    const fault = down.code ? { code: down.code, message: down.message ?? "" } : undefined;
    if (down.why === "stop") return this.stop(fault);
    if (down.why === "refused" && this.choice.refused()) return void this.connect();
    if (down.why === "cut") this.choice.lost();
    const jitter = this.#backoff.next(this.clock.now());
    this.#tell(this.#backoff.failures > 1 ? "offline" : "connecting", fault);
    const wait = Math.max(jitter, down.retryAfterMs ?? 0);
    const fresh = down.why === "token";
    this.#cancelRetry = this.clock.after(wait, () => void this.connect(fresh));
  }

  #tell(status: Status, fault?: Fault): void {
    this.status = status;
    this.fault = fault;
    this.served.changed();
  }
}
