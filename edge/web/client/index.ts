/** The client library of Kefu: what the widget, the console and your own pages build on. */
export { Refusal } from "./api";
export type { Prove } from "./challenge";
export { createClient, type Client, type ClientOptions, type View } from "./client";
export type { Fault, Status } from "./connection";
export type * from "./frames";
export type { Item, ItemKind } from "./items";
export type { Transport } from "./transport";
