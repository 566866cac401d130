// The page. Its address names the gateways, and what of them is to be checked:
//
//   ?demo=http://127.0.0.1:8080[&only=REGULAR_EXPRESSION]
//   ?listing=http://127.0.0.1:8081     before the interop backend, and takes this page's origin
//   ?refusing=http://127.0.0.1:8081    takes other origins only
//   ?orphan=http://127.0.0.1:8082      has no backend

import { checkAll } from "./checks.mjs";
import * as connect from "./clients/connect.mjs";
import * as grpcWeb from "./clients/grpc-web.mjs";
import * as improbable from "./clients/improbable.mjs";
import * as nice from "./clients/nice-grpc-web.mjs";
import * as protobufTs from "./clients/protobuf-ts.mjs";
import { checkEvents } from "./events.mjs";
import { checkFetch } from "./fetch.mjs";
import { driver } from "./harness.mjs";
import { checkInterop } from "./interop.mjs";
import { checkListed, checkOrphan, checkUnlisted } from "./origins.mjs";
import { checkSockets } from "./socket.mjs";

const address = new URLSearchParams(location.search);
const [demo, listing, refusing, orphan] = ["demo", "listing", "refusing", "orphan"].map((name) => address.get(name));

try {
  if (demo) {
    for (const library of [grpcWeb, connect, protobufTs, nice, improbable]) {
      for (const client of library.clients(demo)) await checkAll(client);
    }
    await connect.gets(demo);
    await checkFetch(demo);
    await checkEvents(demo);
    await checkSockets(demo);
  }
  if (listing) {
    await checkListed(listing);
    await checkInterop(listing);
  }
  if (refusing) await checkUnlisted(refusing);
  if (orphan) await checkOrphan(orphan);
} catch (error) {
  await driver("report", `FAILED the page: ${error?.stack ?? error}`);
}
await driver("done");
