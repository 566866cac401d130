// Scalar's page, from the script that docs/scalar.sh fetched: that it draws what it is given, and asks no
// other host for anything.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long the page may take to ask for whatever it wants to ask for. */
const QUIET = 5_000;

/** It asks whether it may make functions of text, and goes on when it may not. */
const EVAL = /^content security policy: script-src eval$/;

export async function scalar({ check, start, open }) {
  const folder = mkdtempSync(join(tmpdir(), "transom-scalar-"));
  const config = join(folder, "transom.yaml");
  writeFileSync(config, [
    "listen: 127.0.0.1:0",
    "upstreams: { demo: { url: 'http://127.0.0.1:1' } }",
    `schema: [{ protos: ${JSON.stringify(process.env.PROTOS)}, upstream: demo }]`,
    `docs: { scalar: ${JSON.stringify(process.env.SCALAR)} }`,
  ].join("\n"));
  const { child, address } = start(["serve", "--config", config]);
  try {
    const origin = `http://${await address}`;
    const seen = await open(origin);
    await check("Scalar draws the documents and asks no other host", async () => {
      await seen.tab.goto(`${origin}/docs/scalar`);
      await seen.tab.getByRole("heading", { name: /ChatService/ }).first().waitFor();
      await seen.tab.waitForTimeout(QUIET);
      const wrong = (await seen.wrong()).filter((text) => !EVAL.test(text));
      if (wrong.length > 0) throw new Error(wrong.join("; "));
    });
    await seen.context.close();
  } finally {
    child.removeAllListeners("exit");
    child.kill();
  }
}
