/**
 * The kefu.v1 JSON frames as they arrive: generated types, and nothing at run time.
 *
 * The server always writes scalars, enums and lists (DESIGN section 6), while the generated
 * JSON types call every field optional; `Written` puts that promise back.
 */
import type * as api from "../gen/kefu/v1/api_pb";
import type * as body from "../gen/kefu/v1/body_pb";
import type * as challenge from "../gen/kefu/v1/challenge_pb";
import type * as event from "../gen/kefu/v1/event_pb";
import type * as frame from "../gen/kefu/v1/frame_pb";
import type * as owner from "../gen/kefu/v1/owner_pb";
import type * as provider from "../gen/kefu/v1/provider_pb";

/** The fields that a proto3 message always has: neither `optional` nor messages. */
type AlwaysSet<M> = { [K in keyof M]-?: object extends Pick<M, K> ? never : K }[keyof M];
/** JSON of type J with the scalars of its message M present. */
type Written<J, M> = J & Required<Pick<J, AlwaysSet<M> & keyof J>>;

export type Ack = Written<frame.AckJson, frame.Ack>;
export type Author = owner.AuthorJson;
export type Body = body.BodyJson;
export type Challenge = challenge.ChallengeJson;
export type ClientFrame = frame.ClientFrameJson;
export type Delta = Written<frame.DeltaJson, frame.Delta>;
export type ErrorFrame = Written<frame.ErrorJson, frame.Error>;
export type Event = Written<event.EventJson, event.Event>;
/** What came with an answer of the AI besides its text. */
export type Extras = event.ProviderSource_ExtrasJson;
export type Hello = Written<frame.HelloJson, frame.Hello>;
/** A `hello`, also as a long poll knows it: with the cursor's part alone. */
export type Greeting = Partial<Hello> & Pick<Hello, "epoch" | "seq" | "recovered" | "after">;
export type Message = event.MessageJson;
export type Owner = owner.OwnerJson;
export type Presence = frame.PresenceJson;
export type ProviderChange = Written<provider.ProviderChangeJson, provider.ProviderChange>;
export type Queued = Written<frame.QueuedJson, frame.Queued>;
export type QuickReply = body.Body_QuickReplyJson;
export type ReadMark = frame.ReadMarkJson;
export type Replace = Written<frame.ReplaceJson, frame.Replace>;
export type Resume = Written<frame.ResumeJson, frame.Resume>;
export type Role = owner.Author_RoleJson;
export type Send = Written<frame.SendJson, frame.Send>;
export type SendReply = Written<api.SendReplyJson, api.SendReply>;
export type SessionReply = Written<api.SessionReplyJson, api.SessionReply>;
export type SessionRequest = api.SessionRequestJson;
export type TypingNotice = frame.TypingNoticeJson;
export type Widget = api.WidgetJson;

/** One page of the log, oldest first. */
export type EventsPage = Written<Omit<api.EventsPageJson, "events">, api.EventsPage> & {
  events?: Event[];
};

/** One frame from the server: exactly one field is set besides `conversation`. */
export interface ServerFrame {
  conversation?: string;
  hello?: Greeting;
  event?: Event;
  ack?: Ack;
  delta?: Delta;
  replace?: Replace;
  typing?: TypingNotice;
  presence?: Presence;
  queued?: Queued;
  /** On an admin's gateway: a provider's breaker has changed. */
  provider?: ProviderChange;
  read?: ReadMark;
  error?: ErrorFrame;
  pong?: object;
}
