// What gets installed and built: the driver's packages, and the web demo from a copy of its sources, by
// the commands of its README.

import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(HERE, "../..");
/** What a developer's copy may have, and a fresh one has not. */
const MADE = ["node_modules", "dist", "gen"];

/** Packages are installed once per lock file; sources are fresh every time. */
export function install(work) {
  const [driver, source] = [join(work, "driver"), join(work, "source")];
  mkdirSync(driver, { recursive: true });
  mkdirSync(join(work, "shots"), { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) cpSync(join(HERE, name), join(driver, name));
  const app = join(source, "web-demo");
  if (existsSync(app)) {
    for (const name of readdirSync(app)) if (name !== "node_modules") rmSync(join(app, name), { recursive: true });
  }
  cpSync(join(ROOT, "web-demo"), app, { recursive: true, filter: (from) => !MADE.includes(basename(from)) });
  rmSync(join(source, "proto"), { recursive: true, force: true });
  cpSync(join(ROOT, "proto"), join(source, "proto"), { recursive: true });
  for (const place of [driver, app]) {
    const [lock, stamp] = [join(place, "package-lock.json"), join(place, "node_modules/.installed")];
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === readFileSync(lock, "utf8")) continue;
    sh(place, "npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts");
    cpSync(lock, stamp);
  }
}

/** Builds the page for a gateway, and says where it is. The first build generates and checks types, too. */
export function build(work, out, gateway) {
  const app = join(work, "source/web-demo");
  if (gateway === "") sh(app, "npm", "run", "--silent", "build", "--", "--logLevel", "warn");
  else sh(app, "node_modules/.bin/vite", "build", "--logLevel", "warn", "--outDir", out, { VITE_TRANSOM: gateway });
  return join(app, out);
}

/** `npm run dev`, as a developer has it. */
export async function developing(work, gateway) {
  const child = spawn("node_modules/.bin/vite", ["--port", "0", "--host", "localhost"], {
    cwd: join(work, "source/web-demo"),
    env: { ...process.env, VITE_TRANSOM: gateway, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`vite ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /http:\/\/localhost:\d+\//.exec(line);
      if (found) resolve(found[0]);
    });
  });
  child.removeAllListeners("exit");
  return { url, stop: () => child.kill() };
}

function sh(cwd, program, ...rest) {
  const environment = typeof rest.at(-1) === "object" ? rest.pop() : {};
  execFileSync(program, rest, { cwd, stdio: "inherit", env: { ...process.env, ...environment } });
}
