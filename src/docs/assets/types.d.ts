// What the modules of the page tell each other. Only the type checker reads this; nothing serves it.

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };
export type Pairs = [string, string][];

/** What the gateway says of a method, in the page's data block. */
export interface Page {
  method: Method;
  /** Public URLs of the gateway; none: where the page comes from. */
  servers: string[];
  operations: Operation[];
  /** By full name. What is not in here is written as JSON. */
  messages: Record<string, Message>;
  enums: Record<string, Enum>;
  /** Full names that an Any can be told to hold. */
  any: string[];
  samples: Template[];
  /** A request that may be sent. */
  example: JsonObject;
}

export type Shape = "unary" | "server_stream" | "client_stream" | "bidi";

export interface Method {
  /** `/pkg.Service/Method`. */
  path: string;
  shape: Shape;
  /** Full name of the request message. */
  input: string;
  /** Connect and WebSocket are served on the method's own path. */
  own: boolean;
}

export interface Operation {
  verb: string;
  /** As it is written, for people. */
  template: string;
  path: (string | Variable)[];
  query: QueryParameter[];
  body: Body | null;
  /** The answer is bytes of a `google.api.HttpBody`. */
  bytes: boolean;
  /** The key of a failure among lines and array elements. */
  errorKey: string;
}

export interface Variable {
  /** JSON names, root first. */
  field: string[];
  /** `shelves/*`, `**`. */
  pattern: string;
}

export interface QueryParameter {
  name: string;
  field: string[];
  form: "value" | "list" | "map" | "json";
}

export interface Body {
  /** JSON names of the field that it is; empty: the message. */
  at: string[];
  /** What the path binds of it: JSON names beneath `at`. */
  without: string[][];
  /** It is the bytes of a `google.api.HttpBody`. */
  bytes: boolean;
}

export interface Message {
  package: string;
  fields: Field[];
  oneofs?: Oneof[];
}

export interface Oneof {
  name: string;
  required?: boolean;
  comment?: string;
}

export type Keywords = JsonObject;

export interface Field {
  name: string;
  json: string;
  /** `int32`, `string`, `enum`, `message`, …; of a map: of its values. */
  kind: string;
  /** Full name of the message or enum. */
  type?: string;
  repeated?: boolean;
  /** The kind of a map's keys. */
  key?: string;
  /** An empty value differs from an absent one. */
  presence?: boolean;
  /** Generated Rust has it behind a pointer: a way leads back from its type. */
  boxed?: boolean;
  oneof?: string;
  required?: boolean;
  /** OUTPUT_ONLY: only answers have it. */
  output?: boolean;
  deprecated?: boolean;
  /** Never put into a link. */
  secret?: boolean;
  comment?: string;
  rules?: Keywords;
  /** The rules in words. */
  words?: string[];
}

export interface Enum {
  package: string;
  values: EnumValue[];
}

export interface EnumValue {
  name: string;
  number: number;
  comment?: string;
  deprecated?: boolean;
}

export interface Template {
  lang: string;
  label: string;
  text: string;
}

/** What a part of the form can do. */
export interface Control {
  element: HTMLElement;
  /** Absent: not set. */
  get(): Json | undefined;
  /** Returns what it could not take, as sentences. */
  set(value: Json | undefined): string[];
  /** How many problems are in it; told to the reader if `show`. */
  problems(show: "show" | "count"): number;
}

/** What the parts of one form share. */
export interface Scope {
  page: Page;
  changed(): void;
  /** Fields of the messages inside that have been opened since the form was filled. */
  fields: number;
  /** A message inside others. */
  message(type: string, depth: number): Control;
}

/** How a control is labelled by what stands around it. */
export interface Place {
  id: string;
  /** Names it where no label does. */
  label?: string;
  describedBy?: string;
}

/** One call, ready to be made. */
export interface Call {
  page: Page;
  origin: string;
  operation: Operation | null;
  messages: JsonObject[];
  headers: Pairs;
  /** Milliseconds; none: no deadline asked for. */
  deadline: number | null;
  signal: AbortSignal;
}

export interface Status {
  code: number;
  message: string;
  details: Json[];
}

/** Who hears how a call goes. */
export interface Listener {
  sent(line: string, headers: Pairs, body: string, bytes: number): void;
  head(line: string, headers: Pairs): void;
  /** Bytes of a body, whatever they turn out to be. */
  received(bytes: number): void;
  message(value: Json, bytes: number): void;
  /** Bytes that are no message: a download. */
  chunk(bytes: Uint8Array, type: string): void;
  trailers(pairs: Pairs): void;
  end(status: Status): void;
  /** Settles when more may come: at once, or when the reader has gone on. */
  ready(): Promise<void>;
}

/** A conversation that is going on. */
export interface Socket {
  send(message: JsonObject): void;
  halfClose(): void;
  cancel(): void;
  isOpen(): boolean;
}
