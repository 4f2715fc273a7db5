/** A small text store shared by the tabs of one site, such as `localStorage`. */
export interface Store {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** Every key that begins with `prefix`. */
  keys(prefix: string): string[];
}

/** The part of the DOM's `Storage` that is used. */
export type WebStorage = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/**
 * Keeps values in `storage`, and in memory whatever it refuses: private mode, a full quota, or a
 * page that may not touch storage at all. Never throws.
 */
export function openStore(storage: () => WebStorage | undefined): Store {
  const memory = new Map<string, string>();
  const attempt = <T>(act: (store: WebStorage) => T): T | undefined => {
    try {
      const store = storage();
      return store && act(store);
    } catch {
      return undefined;
    }
  };
  return {
    get: (key) => memory.get(key) ?? attempt((store) => store.getItem(key)) ?? undefined,
    set(key, value) {
      const kept = attempt((store) => (store.setItem(key, value), true));
      if (kept) memory.delete(key);
      else memory.set(key, value);
    },
    remove(key) {
      memory.delete(key);
      attempt((store) => store.removeItem(key));
    },
    keys(prefix) {
      const found = new Set(memory.keys());
      attempt((store) => {
        for (let i = 0; i < store.length; i++) found.add(store.key(i) ?? "");
      });
      return [...found].filter((key) => key.startsWith(prefix));
    },
  };
}
