import type { EventName } from "../contract";

export type Listener = (detail: unknown) => void;
/** `kefu(…)`: a command and its arguments. */
export type Command = (name: string, ...args: unknown[]) => void;

/** The one name that the widget takes on the page. */
const page = window as { kefu?: Command & { q?: unknown[][]; ready?: true } };

/** Whether a widget is on this page already. */
export function isTaken(): boolean {
  return !!page.kefu?.ready;
}

/** Puts `kefu` on the page and carries out what was asked for before. */
export function install(command: Command): void {
  const queue = page.kefu?.q ?? [];
  page.kefu = Object.assign(command, { ready: true as const });
  for (const [name, ...args] of queue) command(String(name), ...args);
}

/** Gives the name back. */
export function uninstall(): void {
  delete page.kefu;
}

/** What the page listens to: by `kefu('on', …)`, and as `kefu:…` on the document. */
export class Listeners {
  #heard = new Map<unknown, [name: string, heard: EventListener]>();

  on(name: unknown, listener: Listener): void {
    const heard = (event: Event) => listener((event as CustomEvent).detail);
    this.#heard.set(listener, [`kefu:${name}`, heard]);
    document.addEventListener(`kefu:${name}`, heard);
  }

  /** Without a listener, all of that name go; without a name, all. */
  off(name?: unknown, listener?: unknown): void {
    for (const [one, known] of this.#heard) {
      if ((!name || known[0] === `kefu:${name}`) && (!listener || one === listener))
        document.removeEventListener(...known);
    }
  }

  emit(name: EventName, detail?: unknown): void {
    document.dispatchEvent(new CustomEvent(`kefu:${name}`, { detail }));
  }
}
