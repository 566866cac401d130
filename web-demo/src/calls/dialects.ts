// The ways in which calls travel, for the picker at the top of the page.

import type { Calls } from "./calls";
import { byConnect, byGrpcWeb } from "./connect";
import { byGoogle } from "./grpc-web";

export interface Dialect {
  readonly id: string;
  readonly label: string;
  readonly calls: Calls;
}

export const DIALECTS: readonly [Dialect, ...Dialect[]] = [
  { id: "connect", label: "Connect (connect-web)", calls: byConnect },
  { id: "connect-grpc-web", label: "gRPC-Web (connect-web)", calls: byGrpcWeb },
  { id: "grpc-web", label: "gRPC-Web (grpc-web)", calls: byGoogle },
];
