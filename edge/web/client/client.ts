import { Api } from "./api";
import { prover, type Prove } from "./challenge";
import { machineClock, newKey, type Clock } from "./clock";
import { Connection, type Fault, type Status } from "./connection";
import { Conversation, type Shown } from "./conversation";
import { asContent } from "./outbox";
import type { Body, EventsPage, SessionReply, Widget } from "./frames";
import { Session, type Introduction } from "./session";
import { openStore, type WebStorage } from "./storage";
import { Choice, type Transport } from "./transport";
import { onWake } from "./wake";

/** Milliseconds between two notices of our typing. */
const TYPING_EVERY = 3_000;
/** Milliseconds in which changes are gathered into one notification. */
const GATHER = 8;
/** Events that `older` asks for. */
const PAGE = 50;

/** What `createClient` needs to know. */
export interface ClientOptions extends Introduction {
  /** Scheme and authority of the host; the page's own when left out. */
  readonly host?: string;
  readonly site: string;
  /** Where session and outbox are kept; `localStorage` when left out. */
  readonly storage?: WebStorage;
  /** Forces one transport; found by trying when left out. */
  readonly transport?: Transport;
  readonly clock?: Clock;
  /** Answers what the library cannot by itself when a newcomer is asked for a proof: Turnstile. */
  readonly prove?: Prove;
}

/** All that a screen needs; a new object on every change. */
export interface View extends Shown {
  readonly status: Status;
  /** Why there is no connection, where the server said. */
  readonly fault: Fault | undefined;
  readonly transport: Transport;
  /** What the site shows before anything is said; known once a session is there. */
  readonly widget: Widget | undefined;
  readonly conversation: string;
  /** The log was read at least once: an empty one is really empty. */
  readonly loaded: boolean;
  readonly loadingOlder: boolean;
}

/** An address below which a conversation's routes are, and the token for them. */
export interface Access {
  readonly url: string;
  readonly token: string;
}

/** A visitor's conversation with a site, kept live. */
export interface Client {
  readonly state: View;
  /** Calls `listener` after changes, until the answer is called. */
  subscribe(listener: (view: View) => void): () => void;
  /**
   * Sends a text, or a body, once under a key of its own; answers with the key. It survives reloads
   * until stored.
   */
  send(content: string | Body, key?: string): string;
  /** Tries a refused message again. */
  retry(key: string): void;
  /** Gives a refused message up. */
  discard(key: string): void;
  /** Marks everything up to `seq` as read, or all that is shown. */
  read(seq?: number): void;
  /** Tells that we are typing, with what is in the composer where agents may see it. */
  typing(preview?: string): void;
  /** Stops the answer that is being written. */
  stop(): void;
  /** Loads a page of history; true when something came. Throws `Refusal` or a network error. */
  older(): Promise<boolean>;
  /** Asks for a person; throws `Refusal` or a network error. */
  handoff(reason?: string): Promise<void>;
  /** Rates the session from 1 to 5; throws `Refusal` or a network error. */
  rate(score: number, comment?: string): Promise<void>;
  /** Connects again after `stopped`, or at once while waiting to. */
  connect(): void;
  /** Tells the site what changed about the page or the visitor; who the visitor is stays. */
  tell(news: Pick<Introduction, "page" | "attributes">): void;
  /** Where this conversation's routes are and what opens them, for requests of your own. */
  access(): Access;
  /** Ends the connection and all timers. */
  close(): void;
}

/** Opens a visitor's conversation and keeps it live until `close`. */
export function createClient(options: ClientOptions): Client {
  return new VisitorClient(options);
}

class VisitorClient implements Client {
  state: View;
  #clock: Clock;
  #api: Api;
  #session: Session;
  #conversation: Conversation;
  #choice: Choice;
  #connection: Connection;
  #listeners = new Set<(view: View) => void>();
  #opened: SessionReply | undefined;
  #greeted = false;
  #loaded = false;
  #loadingOlder = false;
  #typedAt = -Infinity;
  #cancelNotice: (() => void) | undefined;
  #cancelDeadline = () => {};
  #sleep: () => void;

  constructor(options: ClientOptions) {
    const { host = "", site, storage, transport, clock = machineClock } = options;
    const { identity, locale, page, attributes } = options;
    const store = openStore(() => storage ?? globalThis.localStorage);
    this.#clock = clock;
    this.#api = new Api(host.replace(/\/$/, ""));
    const introduction = { identity, locale, page, attributes };
    const prove = prover(this.#api.host, options.prove);
    this.#session = new Session(this.#api, store, clock, site, introduction, prove);
    this.#conversation = new Conversation(store);
    this.#choice = new Choice(store, `kefu:transport:${host}`, transport, clock.now());
    this.#connection = this.#connect();
    const kept = this.#session.kept();
    if (kept) this.#belong(kept);
    this.state = this.#view();
    this.#sleep = onWake(() => this.#connection.check());
    void this.#connection.connect();
  }

  subscribe(listener: (view: View) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(content: string | Body, key = newKey()): string {
    const said = asContent(content);
    this.#act(() => this.#conversation.say(key, said, this.#clock.now()));
    this.#typedAt = -Infinity;
    return key;
  }

  retry(key: string): void {
    this.#act(() => this.#conversation.outbox.retry(key, newKey()));
  }

  discard(key: string): void {
    this.#act(() => this.#conversation.outbox.discard(key));
  }

  read(seq = this.#conversation.log.last): void {
    this.#act(() => this.#conversation.read(seq));
  }

  typing(preview?: string): void {
    const now = this.#clock.now();
    if (this.state.status !== "online" || now - this.#typedAt < TYPING_EVERY) return;
    this.#typedAt = now;
    this.#connection.send([{ typing: { preview } }]);
  }

  stop(): void {
    const turn = this.#conversation.stream.current;
    if (turn) this.#connection.send([{ stop: { turn } }]);
  }

  async older(): Promise<boolean> {
    const { log } = this.#conversation;
    if (this.#loadingOlder || !log.base) return false;
    this.#loading(true);
    try {
      const query = `before=${log.base + 1}&limit=${PAGE}&epoch=${log.epoch}`;
      return this.#conversation.older(await this.#api.get<EventsPage>(this.#route(`events?${query}`)));
    } finally {
      this.#loading(false);
    }
  }

  async handoff(reason = ""): Promise<void> {
    await this.#api.post(this.#route("handoff"), { key: newKey(), reason });
  }

  async rate(score: number, comment = ""): Promise<void> {
    await this.#api.post(this.#route("rating"), { key: newKey(), score, comment });
  }

  connect(): void {
    if (this.state.status === "stopped") void this.#connection.connect(true);
    else this.#connection.check();
  }

  tell(news: Pick<Introduction, "page" | "attributes">): void {
    this.#session.tell(news);
  }

  access(): Access {
    return { url: this.#api.host + this.#route(""), token: this.#api.token };
  }

  close(): void {
    this.#sleep();
    this.#session.close();
    this.#connection.stop();
    this.#cancelDeadline();
    this.#cancelNotice?.();
    this.#listeners.clear();
  }

  #connect(): Connection {
    return new Connection(this.#api, this.#session, this.#clock, this.#choice, {
      cursor: () => this.#conversation.cursor(),
      opened: (session) => {
        this.#belong(session);
        this.#conversation.opened();
      },
      frame: (frame) => {
        const due = this.#conversation.receive(frame, this.#clock.now());
        this.#greeted ||= frame.hello !== undefined;
        this.#loaded ||= this.#greeted && this.#conversation.log.caughtUp;
        this.#connection.send(due);
        this.#changed();
      },
      cut: () => this.#conversation.cut(),
      changed: () => this.#changed(),
    });
  }

  #belong(session: SessionReply): void {
    this.#opened = session;
    this.#conversation.outbox.rehome(session.conversation?.id ?? "");
  }

  /** Changes the conversation and sends what that makes due. */
  #act(change: () => void): void {
    change();
    this.#connection.send(this.#conversation.due(this.#clock.now()));
    this.#changed();
  }

  #loading(is: boolean): void {
    this.#loadingOlder = is;
    this.#changed();
  }

  #changed(): void {
    this.#watchDeadline();
    this.#cancelNotice ??= this.#clock.after(GATHER, () => {
      this.#cancelNotice = undefined;
      this.state = this.#view();
      for (const listener of this.#listeners) listener(this.state);
    });
  }

  #watchDeadline(): void {
    this.#cancelDeadline();
    const at = this.#conversation.deadline();
    if (at === undefined) return;
    const wait = Math.max(0, at - this.#clock.now());
    this.#cancelDeadline = this.#clock.after(wait, () => {
      if (this.#conversation.tick(this.#clock.now())) this.#act(() => {});
      else this.#connection.cut();
    });
  }

  #view(): View {
    const { status, fault } = this.#connection;
    return {
      ...this.#conversation.shown(),
      status,
      fault,
      transport: this.#choice.current,
      widget: this.#opened?.widget,
      conversation: this.#opened?.conversation?.id ?? "",
      loaded: this.#loaded,
      loadingOlder: this.#loadingOlder,
    };
  }

  #route(name: string): string {
    return `/v1/conversations/${this.#opened?.conversation?.id}/${name}`;
  }
}
