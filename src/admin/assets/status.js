// @ts-check
// Fills the status page: asks for /status.json once a second, and watches the gateway's health by gRPC-Web.
// Whatever it shows is put in as text.

"use strict";

/** From one question to the next, in milliseconds. */
const EVERY = 1000;

/** How far back rates and latencies look, in questions. */
const WINDOW = 10;

/** What an answer may take, in milliseconds. */
const PATIENCE = 5000;

/** Answers, the oldest first, each with the time it came. @type {{ at: number, status: any }[]} */
const seen = [];

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} id @param {string} text */
function write(id, text) {
  const at = element(id);
  if (at.textContent !== text) at.textContent = text;
}

/** A cell: a text, what it is like, and a smaller line beneath it.
 * @typedef {{ text: string, like?: string, small?: string }} Cell */

/** @param {string} id @param {(string | Cell)[][]} rows */
function fill(id, rows) {
  const lines = rows.map((row) => {
    const line = document.createElement("tr");
    for (const cell of row) {
      const { text, like, small } = typeof cell === "string" ? { text: cell, like: "", small: "" } : cell;
      const at = line.appendChild(document.createElement("td"));
      const word = at.appendChild(document.createElement("span"));
      word.textContent = text;
      if (like) word.className = like;
      if (small) at.appendChild(document.createElement("small")).textContent = small;
    }
    return line;
  });
  element(id).replaceChildren(...lines);
  element(`${id}-empty`).hidden = rows.length > 0;
}

/** @param {number} value */
const number = (value) => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });

/** @param {number | null | undefined} ms */
function time(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1) return `${number(ms * 1000)} µs`;
  return ms < 1000 ? `${number(ms)} ms` : `${number(ms / 1000)} s`;
}

/** The value in milliseconds that a share of what was counted does not exceed.
 * @param {number[]} ends in seconds @param {number[]} counts @param {number} share */
function quantile(ends, counts, share) {
  const rank = share * counts.reduce((sum, count) => sum + count, 0);
  if (rank === 0) return null;
  let below = 0;
  for (let at = 0; at < ends.length; at += 1) {
    const start = at === 0 ? 0 : ends[at - 1];
    if (counts[at] > 0 && below + counts[at] >= rank) {
      return 1000 * (start + (ends[at] - start) * (rank - below) / counts[at]);
    }
    below += counts[at];
  }
  return 1000 * ends[ends.length - 1];
}

/** @param {any} status */
function traffic(status) {
  const [first, last] = [seen[0], seen[seen.length - 1]];
  const [was, now] = [first.status.traffic, status.traffic];
  const seconds = Math.max((last.at - first.at) / 1000, EVERY / 1000);
  write("calls", number((now.started - was.started) / seconds));
  write("errors", number((now.failed - was.failed) / seconds));
  const ends = now.latency.ends;
  let counts = now.latency.counts.map((/** @type {number} */ count, /** @type {number} */ at) => count - was.latency.counts[at]);
  // Nothing came lately: what has been since the start.
  if (counts.every((/** @type {number} */ count) => count === 0)) counts = now.latency.counts;
  write("p50", time(quantile(ends, counts, 0.5)));
  write("p99", time(quantile(ends, counts, 0.99)));
  write("active", number(now.active));
  write("streams", number(now.streams));
  write("connections", number(now.connections));
  const bytes = status.process.resident_bytes;
  write("memory", bytes === null ? "–" : `${number(bytes / 1048576)} MiB`);
  fill("methods", now.methods.map((/** @type {any} */ one) => [
    one.method,
    number(one.started),
    { text: number(one.failed), like: one.failed > 0 ? "odd" : "" },
    time(one.p50_ms),
    time(one.p99_ms),
  ]));
}

/** @param {any} one */
function breaker(one) {
  const isOpen = one.requests.now >= one.requests.max || one.pending.now >= one.pending.max;
  const refused = one.requests.refused + one.pending.refused + one.connections.refused;
  const state = isOpen ? "breaker open" : "breaker closed";
  const panic = one.panic ? ", health is ignored: too few are healthy" : "";
  const ejections = one.ejections.reduce((/** @type {number} */ sum, /** @type {any} */ of) => sum + of.enforced, 0);
  return `${one.balance}, ${state}, ${number(refused)} refused, ${number(ejections)} ejected${panic}`;
}

/** @param {any} one */
function endpoint(one) {
  const why = one.why ?? one.unreachable ?? "";
  if (one.state === "healthy" && one.unreachable) return { text: "unreachable", like: "bad", small: why };
  const like = { healthy: "good", probation: "odd" }[/** @type {string} */ (one.state)] ?? "bad";
  return { text: one.state, like, small: why };
}

/** @param {any[]} all @param {number} more */
function upstreams(all, more) {
  const rows = all.flatMap((one) => {
    const name = { text: one.name, small: breaker(one) };
    if (one.endpoints.length === 0) return [[name, one.source, { text: "no endpoint", like: "bad" }, "", "", "", "", ""]];
    return one.endpoints.map((/** @type {any} */ of, /** @type {number} */ at) => [
      at === 0 ? name : "",
      of.address,
      endpoint(of),
      number(of.calls),
      number(of.attempts),
      { text: number(of.failures), like: of.failures > 0 ? "odd" : "" },
      time(of.latency_ms),
      number(of.connections),
    ]);
  });
  if (more > 0) rows.push([`and ${number(more)} more`, "", "", "", "", "", "", ""]);
  fill("upstreams", rows);
}

/** @param {any[]} all */
function failures(all) {
  fill("failures", all.map((one) => [
    new Date(one.at_ms).toLocaleTimeString("en-GB"),
    one.method ?? "no method",
    { text: one.code, like: "odd" },
    one.origin,
    one.protocol,
    one.request_id,
  ]));
}

/** @param {any} status */
function show(status) {
  const phase = element("phase");
  write("phase", status.phase === "ok" ? "ready" : status.phase);
  phase.className = `badge ${status.ready ? "good" : "bad"}`;
  const started = status.process.start_seconds;
  const since = started === null ? "" : `, since ${new Date(started * 1000).toLocaleString("en-GB")}`;
  write("what", `${status.version}, configuration ${status.configuration}, schema ${status.schema}${since}`);
  // The first is what the line above says.
  const notes = status.notes.slice(1);
  element("notes").hidden = notes.length === 0;
  element("notes").replaceChildren(...notes.map((/** @type {string} */ note) => {
    const line = document.createElement("li");
    line.textContent = note;
    return line;
  }));
  traffic(status);
  upstreams(status.upstreams, status.more);
  failures(status.failures);
}

/** @param {string} why */
function lose(why) {
  write("lost", `The gateway does not answer: ${why}`);
  element("lost").hidden = why === "";
}

async function ask() {
  try {
    const answer = await fetch("/status.json", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const status = await answer.json();
    // Another process counts from the beginning.
    const before = seen[seen.length - 1];
    if (before && before.status.process.start_seconds !== status.process.start_seconds) seen.length = 0;
    seen.push({ at: performance.now(), status });
    if (seen.length > WINDOW + 1) seen.shift();
    show(status);
    lose("");
  } catch (error) {
    lose(error instanceof Error ? error.message : String(error));
  }
  setTimeout(ask, EVERY);
}

/** What `grpc.health.v1` says, by the numbers of its statuses. */
const HEALTH = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/** Watches the gateway's health: a stream by gRPC-Web, whose messages are a byte `08` and the status. It is
 * for pages that were asked for by an address; with another name nothing is shown. */
async function watch() {
  try {
    const answer = await fetch("/grpc.health.v1.Health/Watch", {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" },
      body: new Uint8Array(5),
    });
    if (!answer.ok || !answer.body) return;
    const reader = answer.body.getReader();
    let bytes = new Uint8Array(0);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const whole = new Uint8Array(bytes.length + value.length);
      whole.set(bytes);
      whole.set(value, bytes.length);
      bytes = whole;
      while (bytes.length >= 5) {
        const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
        if (bytes.length < 5 + size) break;
        // The end of the stream is told in a frame that is no message.
        if (bytes[0] === 0) {
          const status = bytes[5] === 8 ? bytes[6] : 0;
          write("health", HEALTH[status] ?? HEALTH[0]);
          element("health").className = `badge ${status === 1 ? "good" : "bad"}`;
          element("health").hidden = false;
        }
        bytes = bytes.slice(5 + size);
      }
    }
  } catch {
    // The other question says that nobody answers.
  }
  element("health").hidden = true;
  setTimeout(watch, EVERY * WINDOW);
}

ask();
watch();
