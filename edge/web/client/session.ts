import { Refusal, type Api } from "./api";
import { proving, type Prove } from "./challenge";
import type { Clock } from "./clock";
import type { Challenge, SessionReply, SessionRequest } from "./frames";
import type { Store } from "./storage";

/** Milliseconds before its end at which a token is renewed. */
const MARGIN = 5 * 60_000;
/** The shortest wait between renewals, in milliseconds, whatever a wrong clock makes of `expiresAt`. */
const SPACING = 10 * 60_000;
/** The longest wait that a timer can hold, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** What a page may tell about its visitor. */
export type Introduction = Pick<SessionRequest, "identity" | "locale" | "page" | "attributes">;

/**
 * Who the visitor is on this device: id and token, kept in the store, renewed before they expire.
 * The token is handed to `api` whenever it changes.
 */
export class Session {
  /** Where a visitor whom nobody has named is kept, and where this one is. */
  #anonymous: string;
  #key: string;
  #opening: Promise<SessionReply> | undefined;
  #cancelRenewal = () => {};

  constructor(
    private readonly api: Api,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly site: string,
    private introduction: Introduction,
    private readonly prove: Prove,
  ) {
    this.#anonymous = `kefu:session:${api.host}:${site}`;
    this.#key = this.#anonymous + subjectOf(introduction.identity);
  }

  /**
   * Opens or renews the session. With the network down, a kept session that has not expired does.
   * Throws `Refusal` when the server wants none of it.
   */
  open(): Promise<SessionReply> {
    this.#opening ??= oneTabAtATime(this.#key, () => this.#ask()).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** The session as it is kept, if any: its token may have expired. */
  kept(): SessionReply | undefined {
    return this.#keptAs(this.#key);
  }

  #keptAs(key: string): SessionReply | undefined {
    try {
      const kept = JSON.parse(this.store.get(key) ?? "") as SessionReply;
      return kept.token && kept.conversation?.id ? kept : undefined;
    } catch {
      return undefined;
    }
  }

  /** Renews the session with news for the site; with the network down, they wait for the next. */
  tell(news: Introduction): void {
    this.introduction = { ...this.introduction, ...news };
    void this.open().catch(() => {});
  }

  /** Ends the renewals. */
  close(): void {
    this.#cancelRenewal();
  }

  async #ask(): Promise<SessionReply> {
    const kept = this.kept();
    try {
      // Who is named for the first time brings along what was said before.
      return this.#take(await this.#post(kept ?? this.#keptAs(this.#anonymous)));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      if (!kept || Number(kept.expiresAt) < this.clock.now()) throw error;
      this.api.token = kept.token;
      return kept;
    }
  }

  async #post(kept: SessionReply | undefined): Promise<SessionReply> {
    const path = `/v1/sites/${encodeURIComponent(this.site)}/session`;
    this.api.token = kept?.token ?? "";
    const asked = { ...this.introduction, visitorId: kept?.visitorId };
    try {
      return await proving(this.prove, (challenge?: Challenge) =>
        this.api.post<SessionReply>(path, { ...asked, challenge }),
      );
    } catch (error) {
      if (!kept || !(error instanceof Refusal) || error.status !== 401) throw error;
      this.store.remove(this.#key);
      return this.#post(undefined);
    }
  }

  #take(reply: SessionReply): SessionReply {
    this.api.token = reply.token;
    this.store.set(this.#key, JSON.stringify(reply));
    const left = Number(reply.expiresAt) - this.clock.now() - MARGIN;
    this.#cancelRenewal();
    const wait = Math.min(Math.max(left, SPACING), LONGEST);
    this.#cancelRenewal = this.clock.after(wait, () => void this.open().catch(() => {}));
    return reply;
  }
}

/** Tells the visitors of a browser apart by whom the site's token names; nothing for nobody. */
export function subjectOf(identity: string | undefined): string {
  if (!identity) return "";
  try {
    const claims = atob(identity.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"));
    return `:${JSON.parse(claims).sub}`;
  } catch {
    return `:${identity}`;
  }
}

/** Two tabs that open at once must not become two visitors. */
function oneTabAtATime<T>(name: string, act: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  return locks ? locks.request(name, act) as Promise<T> : act();
}
