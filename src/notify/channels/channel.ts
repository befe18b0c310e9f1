/**
 * What every message channel is to the sender: it sends one message and tells what is known of the outcome. It never
 * throws, never retries by itself and never decides what happens next (law 6: a timeout is "unknown", never "not sent").
 */
import type { EventKind } from '#core/event.ts';
import type { MessageParams, TemplateName } from '#core/messages.ts';

export type ChannelKind = 'sms' | 'voice';
export type Message = {
  outId: string; to: string; template: TemplateName; params: MessageParams;
  /** What the callee speaks, the best first, and what happened: a call may be in his own speech (core/prompts.ts). */ languages?: readonly string[]; kind?: EventKind | null;
};

/** R retry here, bounded · F fail over at once · P permanent for this message or configuration: fail over and page. */
export type FailureClass = 'R' | 'F' | 'P';
/** What the failure is about: this text, this callee, the provider's state, our account or configuration. */
export type Scope = 'message' | 'recipient' | 'provider' | 'account';

export type Refusal = {
  kind: 'rejected'; class: FailureClass; scope: Scope; code: string;
  /** Further tries allowed for class R. */ retries: number;
  /** What it becomes when those are used up; U: it may have gone out after all. */ endsAs: 'F' | 'P' | 'U';
  /** The provider's own wait in milliseconds, when it gave one. */ retryAfterMs: number | null;
  /** An administrator must see it: money, credentials, templates. */ page: boolean;
};
export type Outcome = { kind: 'accepted'; providerId: string } | Refusal | { kind: 'unknown'; code: string };

/** What became of a message that was accepted or whose outcome is unknown. */
export type Fate =
  | { kind: 'delivered' | 'answered' }
  | { kind: 'failed'; code: string; class: FailureClass }
  | { kind: 'waiting' } | { kind: 'not-found' }
  | { kind: 'no-answer'; code: string };
export type Sent = { outId: string; to: string; providerId: string | null; template: TemplateName; /** epoch ms by our clock */ sentAt: number };

export type Channel = {
  readonly kind: ChannelKind;
  /** Resolves within `limits.sendMs`; never rejects. */
  send(message: Message): Promise<Outcome>;
  /** Says the message in other words after its text was refused (a text without variables, a recorded file); null when it has none. */
  sendPlain(message: Message): Promise<Outcome> | null;
  /** Asks the provider what became of it; never rejects. */
  query(sent: Sent): Promise<Fate>;
};

/** What the provider says of one of our texts; `sign`: of the sign. `other-text`: approved under that code is something else. */
export type TemplateState = { template: TemplateName | 'sign'; code: string | null; state: 'approved' | 'no-code' | 'not-found' | 'pending' | 'rejected' | 'other-text' | 'not-asked' | 'no-answer' };
export type GatewayCheck = { /** in words; empty when nothing */ missing: string[]; templates: TemplateState[] };

/** A provider: its channels, and whether real phones ring. */
export type Gateway = {
  readonly name: 'standin' | 'aliyun' | 'http' | 'modem';
  readonly real: boolean;
  readonly channels: Readonly<Record<ChannelKind, Channel>>;
  /** What is missing before emergencies can be told, and the state of every text at the provider. Never rejects. */
  check(): Promise<GatewayCheck>;
  /** Where nothing can come in from outside: replies and receipts that were fetched, in the shape in which they are pushed. May reject. */
  pull?(): Promise<Incoming[]>;
};
/** One that was fetched; `taken` once it is a row, else it comes again. */
export type Incoming = { kind: 'sms-report' | 'sms-up' | 'voice-report' | 'voice-call-report'; body: string; taken(): Promise<void> };
