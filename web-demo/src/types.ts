// The types that a google.protobuf.Any may hold here. An Any names its type and nothing more, so
// whoever opens one, or reads it as JSON, has to know the type already.

import { createRegistry } from "@bufbuild/protobuf";

import { file_demo_library_v1_library } from "./gen/demo/library/v1/library_pb";
import { file_google_rpc_error_details } from "./gen/google/rpc/error_details_pb";

/** The standard details of errors, and the messages of the library. */
export const TYPES = createRegistry(file_google_rpc_error_details, file_demo_library_v1_library);
