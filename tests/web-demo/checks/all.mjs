// Every check: its title, and what it does in a browser.

import { chat } from "./chat.mjs";
import { failures } from "./failures.mjs";
import { files } from "./files.mjs";
import { library } from "./library.mjs";
import { looks } from "./looks.mjs";
import { telemetry } from "./telemetry.mjs";

/** Where the page comes from, and by what it calls; other places have one dialect, which is enough. */
const VARIANTS = [
  { place: "foreign", dialect: "connect" },
  { place: "foreign", dialect: "connect-grpc-web" },
  { place: "foreign", dialect: "grpc-web" },
  { place: "own", dialect: "connect" },
  { place: "developer", dialect: "connect" },
];

export const CHECKS = [library, failures, chat, telemetry, files, looks].flatMap((make) => make(VARIANTS));
