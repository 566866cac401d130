// What is seen of one call: its request, what comes as it comes, and how it ended. Also the call's
// listener, so that it can hold the reading back while the reader rests.

import { button, el, isObject, unique } from "./element.js";
import { size } from "./http.js";
import { codeName } from "./status.js";

/** @import { Json, Listener, Pairs, Shape, Status } from "./types" */

/** Rows that are shown; older ones make place. */
const ROWS_MAX = 1000;

/** Messages that wait while the reader rests, where the sender cannot be held back. */
const WAITING_MAX = 5000;

/** Bytes of a download that are kept for saving. */
const DOWNLOAD_MAX = 64 * 1024 * 1024;

/** Characters of a message that stand in its row; more can be opened. */
const ROW_TEXT = 160;

/** Characters of one message that are shown at all. */
const SHOWN_MAX = 100_000;

/** Milliseconds that the rate looks back. */
const RATE_WINDOW = 2000;

/** What an image may be to be shown; an SVG is an image here, and runs nothing. */
const IMAGES = /^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml)$/;

/** Headers whose values are credentials, and those of like names that are none. */
const SECRET = /token|key|secret|auth|cookie|password|session|credential|signature/i;
const SAID = /^(idempotency-key|www-authenticate|proxy-authenticate|access-control-.*|sec-websocket-.*)$/i;

/** Bytes of an image that is shown. */
const IMAGE_MAX = 2 * 1024 * 1024;

/**
 * @param {string} title
 * @param {Shape} shape
 * @param {(status: Status, summary: string) => void} ended
 * @returns {{ element: HTMLElement, listener: Listener, said(text: string, bytes: number): void, done(): boolean }}
 */
export function answer(title, shape, ended) {
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const streams = shape === "server_stream" || shape === "bidi";
  const counted = { sent: 0, received: 0, messages: 0, dropped: 0 };
  /** @type {{ head?: number, first?: number }} */
  const times = {};
  let over = false;

  const summary = el("p", { class: "summary", role: "status" }, `${title}: waiting`);
  const figures = el("p", { class: "figures" });
  const request = section("Request");
  const head = section("Answer headers");
  const trailers = section("Trailers");
  const body = el("div", { class: "body" });
  const details = el("div", { class: "details" });
  const rows = streamRows(since, counted);
  const element = el(
    "article", { class: "answer", "aria-label": title },
    summary, figures, details, streams ? rows.element : body, request.element, head.element, trailers.element,
  );
  if (streams) element.insertBefore(body, request.element);

  const tellFigures = () => {
    const parts = [];
    if (times.head !== undefined) parts.push(`head after ${ms(times.head)}`);
    if (times.first !== undefined) parts.push(`first message after ${ms(times.first)}`);
    parts.push(`${over ? "ended" : "running"} after ${ms(since())}`);
    parts.push(`${bytes(counted.sent)} sent`, `${bytes(counted.received)} received`);
    if (streams) parts.push(`${counted.messages} message${counted.messages === 1 ? "" : "s"}`);
    figures.textContent = parts.join(" · ");
  };
  const ticking = setInterval(tellFigures, 250);

  /** @type {Uint8Array<ArrayBuffer>[]} */
  const chunks = [];
  let type = "";

  /** @type {Listener} */
  const listener = {
    sent(line, headers, text, length) {
      counted.sent += length;
      request.fill(line, headers, text);
    },
    head(line, headers) {
      times.head = since();
      head.fill(line, headers, "");
      tellFigures();
    },
    received(length) {
      counted.received += length;
    },
    message(value, length) {
      times.first ??= since();
      counted.messages += 1;
      if (streams) rows.add("in", value, length);
      else body.append(code(pretty(value), "message"));
    },
    chunk(piece, contentType) {
      times.first ??= since();
      type = contentType;
      // What is beyond is counted, not kept.
      if (counted.received <= DOWNLOAD_MAX) chunks.push(new Uint8Array(piece));
    },
    trailers(pairs) {
      trailers.fill("", pairs, "");
    },
    end(status) {
      if (over) return;
      over = true;
      clearInterval(ticking);
      tellFigures();
      const name = codeName(status.code);
      summary.className = `summary ${status.code === 0 ? "ok" : "failed"}`;
      summary.replaceChildren(el("strong", {}, name), status.message ? ` ${status.message}` : "", ` · ${title} · ${ms(since())}`);
      if (streams) rows.end(status);
      if (type) download(body, chunks, type, counted.received);
      for (const detail of status.details) details.append(shown(detail));
      ended(status, `${name} · ${ms(since())}`);
    },
    ready: streams ? rows.ready : () => Promise.resolve(),
  };
  return {
    element,
    listener,
    said(text, length) {
      counted.sent += length;
      if (streams) rows.add("out", /** @type {Json} */ (JSON.parse(text)), length);
      else request.add(text);
    },
    done: () => over,
  };
}

/** A part that is there when it holds something. @param {string} title */
function section(title) {
  const line = el("p", { class: "line" });
  const table = el("table", { class: "pairs" });
  const text = el("div");
  const element = el("details", { class: "part", hidden: true }, el("summary", {}, title), line, table, text);
  return {
    element,
    /** @param {string} first @param {Pairs} pairs @param {string} rest */
    fill(first, pairs, rest) {
      element.hidden = false;
      line.textContent = first;
      line.hidden = first === "";
      table.replaceChildren(...pairs.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, hidden(name, value)))));
      if (rest) text.replaceChildren(code(rest.slice(0, SHOWN_MAX)));
    },
    /** @param {string} more */
    add(more) {
      text.append(code(more.slice(0, SHOWN_MAX)));
    },
  };
}

/** A credential is not shown: pages get shared. @param {string} name @param {string} value */
function hidden(name, value) {
  if (!SECRET.test(name) || SAID.test(name)) return value;
  // The scheme is none.
  const [, scheme = ""] = /^\s*([A-Za-z][A-Za-z0-9-]{0,19} )\s*\S/.exec(value) ?? [];
  return `${/authorization$/i.test(name) ? scheme : ""}…`;
}

/**
 * The rows of a stream, with what a reader wants of them: rest, look for text, see the rate.
 *
 * @param {() => number} since
 * @param {{ dropped: number }} counted
 */
function streamRows(since, counted) {
  const list = el("tbody");
  const filter = el("input", { type: "search", id: unique("filter"), placeholder: "text", autocomplete: "off" });
  const rate = el("output", { class: "rate" });
  const moments = /** @type {number[]} */ ([]);
  /** @type {[number, string, Json, number, number][]} */
  let waiting = [];
  let count = 0;
  let resting = false;
  let drawn = false;
  /** @type {(() => void) | null} */
  let goOn = null;

  const pause = button("Pause", () => {
    resting = !resting;
    pause.textContent = resting ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(resting));
    if (!resting) {
      goOn?.();
      goOn = null;
      draw();
    }
  }, { class: "small", "aria-pressed": "false" });

  const fits = (/** @type {HTMLTableRowElement} */ row) => {
    row.hidden = filter.value !== "" && !(row.textContent ?? "").toLowerCase().includes(filter.value.toLowerCase());
  };
  filter.addEventListener("input", () => [...list.rows].forEach(fits));

  const draw = () => {
    drawn = false;
    if (resting) return;
    const bottom = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    for (const [number, way, value, length, at] of waiting) {
      const text = JSON.stringify(value);
      const cell = text.length <= ROW_TEXT
        ? el("code", {}, text)
        : el("details", {}, el("summary", {}, el("code", {}, `${text.slice(0, ROW_TEXT)}…`)), code(pretty(value)));
      const row = el(
        "tr", { class: way }, el("td", {}, String(number)), el("td", {}, `+${ms(at)}`),
        el("td", {}, way === "in" ? "← " : "→ ", bytes(length)), el("td", {}, cell),
      );
      fits(row);
      list.append(row);
      if (list.rows.length > ROWS_MAX) list.rows[0].remove();
    }
    waiting = [];
    tellRate();
    if (bottom) element.scrollTop = element.scrollHeight;
  };
  const tellRate = () => {
    const now = since();
    while (moments.length > 0 && moments[0] < now - RATE_WINDOW) moments.shift();
    rate.textContent = `${(moments.length / (Math.min(RATE_WINDOW, Math.max(now, 1)) / 1000)).toFixed(1)} messages/s`;
  };
  const element = el(
    "div", { class: "rows", tabindex: 0, role: "region", "aria-label": "Messages" },
    el(
      "table", {},
      el("thead", {}, el("tr", {}, ...["#", "after", "size", "message"].map((name) => el("th", { scope: "col" }, name)))),
      list,
    ),
  );
  return {
    element: el(
      "div", { class: "stream" },
      el("div", { class: "tools" }, pause, el("label", { for: filter.id }, "Filter"), filter, rate),
      element,
    ),
    /** @param {"in" | "out"} way @param {Json} value @param {number} length */
    add(way, value, length) {
      count += 1;
      if (way === "in") moments.push(since());
      waiting.push([count, way, value, length, since()]);
      if (waiting.length > WAITING_MAX) {
        waiting.shift();
        counted.dropped += 1;
      }
      if (drawn) return;
      drawn = true;
      requestAnimationFrame(draw);
    },
    /** @param {Status} status */
    end(status) {
      resting = false;
      pause.disabled = true;
      goOn?.();
      draw();
      tellRate();
      if (counted.dropped > 0) list.append(el("tr", {}, el("td", { colspan: 4 }, `${counted.dropped} messages came while you rested, and were not kept`)));
      list.append(el(
        "tr", { class: `status ${status.code === 0 ? "ok" : "failed"}` },
        el("td", {}, "end"), el("td", {}, `+${ms(since())}`), el("td", {}, ""),
        el("td", {}, el("strong", {}, codeName(status.code)), status.message ? ` ${status.message}` : ""),
      ));
      element.scrollTop = element.scrollHeight;
    },
    /** @returns {Promise<void>} */
    ready: () => (resting ? new Promise((resolve) => (goOn = resolve)) : Promise.resolve()),
  };
}

/** Bytes that came: to be saved, and seen if they are an image or text. @param {HTMLElement} place @param {Uint8Array<ArrayBuffer>[]} chunks @param {string} type @param {number} length */
function download(place, chunks, type, length) {
  if (length > DOWNLOAD_MAX) {
    place.append(el("p", {}, `${bytes(length)} of ${type}: more than the ${bytes(DOWNLOAD_MAX)} that this page keeps`));
    return;
  }
  const blob = new Blob(chunks, { type });
  const kind = type.split(";")[0].trim().toLowerCase();
  const link = el("a", { class: "button small", href: URL.createObjectURL(blob), download: `answer.${extension(kind)}` }, `Save ${bytes(length)} of ${kind}`);
  place.append(el("p", {}, link));
  if (IMAGES.test(kind) && length <= IMAGE_MAX) {
    const reader = new FileReader();
    reader.addEventListener("load", () => place.append(el("img", { src: String(reader.result), alt: "The answer as an image" })));
    reader.readAsDataURL(blob);
  } else if (kind.startsWith("text/") || kind === "application/json") {
    blob.slice(0, SHOWN_MAX).text().then((text) => place.append(code(text)));
  }
}

/** @param {string} kind */
function extension(kind) {
  const [, sub = "bin"] = kind.split("/");
  return kind === "text/plain" ? "txt" : /^[a-z0-9]{1,8}$/.test(sub) ? sub : sub === "svg+xml" ? "svg" : "bin";
}

/** A detail of an error, with its type as its title. @param {Json} detail */
function shown(detail) {
  const { "@type": url, ...rest } = isObject(detail) ? detail : { "@type": "", value: detail };
  const name = String(url).slice(String(url).lastIndexOf("/") + 1);
  return el("div", { class: "detail" }, el("p", { class: "name" }, name), code(pretty(rest)));
}

/** @param {string} text @param {string} [name] */
export function code(text, name) {
  return el("pre", { tabindex: 0, class: name }, el("code", {}, text));
}

/** @param {Json} value */
export function pretty(value) {
  const text = JSON.stringify(value, null, 2);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}\n… ${size(text)} bytes in all` : text;
}

/** @param {number} time */
function ms(time) {
  return time < 10_000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`;
}

/** @param {number} count */
function bytes(count) {
  if (count < 1000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
