import { Refusal } from "./api";
import { createClient, type Access, type Client, type ClientOptions, type View } from "./client";
import { machineClock, newKey } from "./clock";
import type { Body } from "./frames";
import { asContent, Outbox } from "./outbox";
import { subjectOf } from "./session";
import { openStore, type Store } from "./storage";

/** Milliseconds that a leading tab may take to answer before another one takes its place. */
const PATIENCE = 1_500;

/** What tabs tell each other. */
type Note =
  | { view: View; access: Access }
  /** Is anybody leading? `visible` asks only for somebody whose page is seen. */
  | { ask: "anybody" | "visible" }
  | { act: keyof Client; args: unknown[]; id: string }
  | { done: string; value?: unknown; refused?: { code: string; message: string } };

/** What was asked of the leading tab and is not answered yet. */
interface Asked {
  readonly act: keyof Client;
  readonly args: unknown[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * A client whose tabs, as far as they have the same visitor, share one connection: the tab that holds the lock has it, the others show
 * what it shows and act through it. A tab in sight takes over from one that is hidden, because
 * browsers slow hidden pages down; so does any tab whose leader does not answer.
 */
export function shareClient(options: ClientOptions): Client {
  const able = "BroadcastChannel" in globalThis && globalThis.navigator?.locks;
  return able ? new SharedClient(options) : createClient(options);
}

class SharedClient implements Client {
  state: View;
  #name: string;
  #channel: BroadcastChannel;
  #store: Store;
  #lead: Client | undefined;
  #access: Access = { url: "", token: "" };
  #listeners = new Set<(view: View) => void>();
  #waiting = new Map<string, Asked>();
  #stepDown = () => {};
  #cancelPatience = () => {};
  /** Aborted when this tab does not wait for the lock any more. */
  #wait = new AbortController();
  #closed = new AbortController();

  constructor(private readonly options: ClientOptions) {
    const { host = "", site, storage, identity } = options;
    this.#name = `kefu:${host}:${site}${subjectOf(identity)}`;
    this.#store = openStore(() => storage ?? globalThis.localStorage);
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#told(data as Note);
    this.state = nothingYet;
    const { signal } = this.#closed;
    document.addEventListener("visibilitychange", () => this.#seen(), { signal });
    // A page in the back-forward cache must hold no lock; when it comes back, it stands again.
    addEventListener("pagehide", () => this.#hide(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#stand(), { signal });
    this.#stand();
    this.#seen();
  }

  subscribe(listener: (view: View) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(content: string | Body, key = newKey()): string {
    if (this.#lead) return this.#lead.send(content, key);
    // Kept here first: should the leading tab die now, the next one finds it.
    if (this.state.conversation) {
      const outbox = new Outbox(this.#store);
      outbox.rehome(this.state.conversation);
      outbox.add(key, asContent(content), machineClock.now());
    }
    this.#act("send", content, key);
    return key;
  }

  retry(key: string): void {
    this.#act("retry", key);
  }

  discard(key: string): void {
    this.#act("discard", key);
  }

  read(seq?: number): void {
    this.#act("read", seq);
  }

  typing(preview?: string): void {
    this.#act("typing", preview);
  }

  stop(): void {
    this.#act("stop");
  }

  older(): Promise<boolean> {
    return this.#ask("older");
  }

  handoff(reason?: string): Promise<void> {
    return this.#ask("handoff", reason);
  }

  rate(score: number, comment?: string): Promise<void> {
    return this.#ask("rate", score, comment);
  }

  connect(): void {
    this.#act("connect");
  }

  tell(news: Parameters<Client["tell"]>[0]): void {
    this.#act("tell", news);
  }

  access(): Access {
    return this.#lead?.access() ?? this.#access;
  }

  close(): void {
    this.#closed.abort();
    this.#wait.abort();
    this.#stepDown();
    this.#cancelPatience();
    this.#channel.close();
    this.#listeners.clear();
  }

  /** Waits for the lock, or takes it from whoever holds it; an earlier wait is over. */
  #stand(steal = false): void {
    this.#wait.abort();
    const mine = (this.#wait = new AbortController());
    const how = steal ? { steal } : { signal: mine.signal };
    navigator.locks
      .request(this.#name, how, () => this.#leading())
      .catch(() => {
        if (mine.signal.aborted) return;
        // Another tab took the lock: give way, and wait for it.
        this.#stepDown();
        this.#stand();
      });
  }

  /** Leads until told to step down. */
  #leading(): Promise<void> {
    if (this.#lead || this.#closed.signal.aborted) return Promise.resolve();
    this.#cancelPatience();
    const lead = (this.#lead = createClient(this.options));
    lead.subscribe((view) => {
      this.#show(view);
      this.#tellView();
    });
    this.#show(lead.state);
    // What nobody has answered is for us to do now.
    for (const { act, args, resolve, reject } of this.#waiting.values()) {
      this.#do(lead, act, args).then(resolve, reject);
    }
    this.#waiting.clear();
    return new Promise((resolve) => {
      this.#stepDown = () => {
        this.#stepDown = () => {};
        this.#lead = undefined;
        lead.close();
        resolve();
      };
    });
  }

  #hide(): void {
    this.#wait.abort();
    this.#stepDown();
  }

  #told(note: Note): void {
    if ("view" in note) {
      this.#cancelPatience();
      if (this.#lead) return;
      this.#access = note.access;
      this.#show(note.view);
    } else if ("done" in note) {
      const { resolve, reject } = this.#waiting.get(note.done) ?? {};
      this.#waiting.delete(note.done);
      if (note.refused) reject?.(new Refusal(0, note.refused.code, note.refused.message));
      else resolve?.(note.value);
    } else if (this.#lead) {
      if ("act" in note) void this.#serve(this.#lead, note);
      else if (note.ask === "anybody" || document.visibilityState === "visible") this.#tellView();
    }
  }

  /** Does for another tab what it asks. */
  async #serve(lead: Client, { act, args, id }: Extract<Note, { act: unknown }>): Promise<void> {
    try {
      const value = await this.#do(lead, act, args);
      this.#post({ done: id, value: act === "older" ? value : undefined });
    } catch (error) {
      const { code = "network", message } = error as Refusal;
      this.#post({ done: id, refused: { code, message } });
    }
    this.#tellView();
  }

  async #do(lead: Client, act: keyof Client, args: unknown[]): Promise<unknown> {
    return (lead[act] as (...args: unknown[]) => unknown).apply(lead, args);
  }

  /** This page came into sight: leads unless a leader in sight answers. */
  #seen(): void {
    const visible = document.visibilityState === "visible";
    if (!this.#lead) this.#expect({ ask: visible ? "visible" : "anybody" });
  }

  #act(act: keyof Client, ...args: unknown[]): void {
    void this.#ask(act, ...args).catch(() => {});
  }

  #ask<T>(act: keyof Client, ...args: unknown[]): Promise<T> {
    if (this.#lead) return this.#do(this.#lead, act, args) as Promise<T>;
    const id = newKey();
    this.#expect({ act, args, id });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { act, args, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Says something that the leading tab answers; leads itself when no answer comes. */
  #expect(note: Note): void {
    this.#post(note);
    this.#cancelPatience();
    this.#cancelPatience = machineClock.after(PATIENCE, () => {
      if (document.visibilityState === "visible") this.#stand(true);
    });
  }

  #tellView(): void {
    if (this.#lead) this.#post({ view: this.#lead.state, access: this.#lead.access() });
  }

  #post(note: Note): void {
    if (!this.#closed.signal.aborted) this.#channel.postMessage(note);
  }

  #show(view: View): void {
    // While a new leader reads the log again, what is on the screen stays there.
    if (!view.loaded && this.state.loaded) view = { ...this.state, status: view.status };
    this.state = view;
    for (const listener of this.#listeners) listener(view);
  }
}

/** What there is before the leading tab has said anything. */
const nothingYet: View = {
  items: [],
  hasOlder: false,
  owner: { kind: "UNSPECIFIED" },
  closed: false,
  typing: undefined,
  present: [],
  unread: 0,
  seen: 0,
  answering: 0,
  last: 0,
  skew: 0,
  status: "connecting",
  fault: undefined,
  transport: "ws",
  widget: undefined,
  conversation: "",
  loaded: false,
  loadingOlder: false,
};
