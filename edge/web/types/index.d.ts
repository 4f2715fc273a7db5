/** The JavaScript API of the Kefu widget, as `widget.js` puts it on the page. */

declare namespace Kefu {
  /** Who wrote something. */
  interface Author {
    role?: "VISITOR" | "BOT" | "AGENT" | "SYSTEM" | "UNSPECIFIED";
    id?: string;
    name?: string;
  }

  /** Who answers. */
  interface Owner {
    kind?: "BOT" | "QUEUE" | "AGENT" | "UNSPECIFIED";
    id?: string;
    name?: string;
    /** The visitor's place in the queue, from 1, where it is known. */
    place?: number;
  }

  /** What the page can listen to, with what it is told; as DOM events they are `kefu:open` and so on. */
  interface Events {
    /** The launcher is there. */
    ready: undefined;
    open: undefined;
    close: undefined;
    /** Somebody else than the visitor said something. `body` is as the API has it. */
    message: { seq: number; author: Author; body: Record<string, unknown> };
    /** The visitor said something. */
    sent: { key: string };
    unread: { count: number };
    /** Somebody else answers from here on. */
    owner: Owner;
    rating: { seq: number };
    /** The desk spoke first. */
    invitation: { name: string };
    /** Something could not be loaded or done. */
    error: unknown;
  }

  interface Api {
    (command: "open" | "close" | "toggle" | "destroy"): void;
    /** Sends a message as the visitor's own. */
    (command: "send", text: string): void;
    /** Says who the visitor is: a JWT that the site's server signed; without one, nobody again. */
    (command: "identify", token?: string): void;
    /** Tells the desk of the visitor. */
    (command: "update", attributes: Record<string, string | number | boolean>): void;
    <Name extends keyof Events>(command: "on", name: Name, listener: (detail: Events[Name]) => void): void;
    /** Without a listener, all of that name go. */
    <Name extends keyof Events>(command: "off", name: Name, listener?: (detail: Events[Name]) => void): void;
    /** What was asked for before the script was there. */
    q?: IArguments[];
  }
}

interface Window {
  kefu?: Kefu.Api;
}

interface DocumentEventMap extends Kefu.DomEvents {}

declare namespace Kefu {
  type DomEvents = { [Name in keyof Events as `kefu:${Name}`]: CustomEvent<Events[Name]> };
}

declare var kefu: Kefu.Api;
