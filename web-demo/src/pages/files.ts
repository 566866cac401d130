// Files up and down, with bars. Behind the URLs are methods that take and give google.api.HttpBody,
// one message or a stream of them; for the page they are plain HTTP.

import { fromJson, type JsonValue } from "@bufbuild/protobuf";

import { download, upload } from "../calls/transfer";
import { Failure } from "../failure";
import { type FileInfo, FileInfoSchema } from "../gen/demo/chat/v1/chat_pb";
import { UploadedSchema } from "../gen/demo/echo/v1/echo_pb";
import { CoverInfoSchema } from "../gen/demo/library/v1/library_pb";
import { url } from "../gateway";
import { card, choice, el, labelled } from "../ui/dom";
import { failureView } from "../ui/failure-view";
import { ProgressBar } from "../ui/progress";
import { slider } from "../ui/slider";
import { bytes } from "../ui/words";
import type { Page, Stage } from "./page";

const MIB = 1024 * 1024;
/** Bytes of a download of nothing. */
const SIZES = [1, 10, 50, 100, 250].map((count) => count * MIB);
/** The room that keeps the files. */
const ROOM = "files";

/** Where a file can go. */
interface Target {
  readonly label: string;
  readonly method: "PUT" | "POST";
  path(name: string): string;
  /** What the answer says, in words. */
  words(answer: JsonValue): string;
}

const COVER = "/v1/shelves/fiction/books/1/cover";
const TARGETS: Record<string, Target> = {
  // A client stream: the gateway cuts the bytes into messages.
  room: {
    label: "kept in a room, 8 MiB at most",
    method: "POST",
    path: (name) => `/v1/rooms/${ROOM}/files/${encodeURIComponent(name)}`,
    words: (answer) => `Kept in ${read(answer).pieces} messages`,
  },
  // One message with all of the bytes.
  cover: {
    label: "the cover of a book, 1 MiB at most",
    method: "PUT",
    path: () => COVER,
    words: (answer) => `Now the cover of ${fromJson(CoverInfoSchema, answer, { ignoreUnknownFields: true }).book}`,
  },
  count: {
    label: "counted and dropped, of any size",
    method: "POST",
    path: () => "/v1/echo:upload",
    words: (answer) => `Counted in ${fromJson(UploadedSchema, answer, { ignoreUnknownFields: true }).messages} messages`,
  },
};

export const files: Page = {
  id: "files",
  title: "Files",
  lead: "Uploads and downloads of any size, message by message behind the gateway. A file above a method's limit shows what a refused upload looks like.",
  usesDialect: false,
  show(stage) {
    stage.root.append(el("div", { class: "halves" }, uploads(stage), downloads(stage)));
  },
};

function read(answer: JsonValue): FileInfo {
  return fromJson(FileInfoSchema, answer, { ignoreUnknownFields: true });
}

function uploads({ signal }: Stage): HTMLElement {
  const target = choice(Object.entries(TARGETS).map(([id, { label }]) => [id, label]), "room");
  const transfers = el("div", { class: "stack", "aria-live": "polite" });
  const kept = el("ul", { class: "kept" });
  const input = el("input", { type: "file", multiple: true, class: "file", onchange: () => { void all(input.files); input.value = ""; } });
  const drop = el("label", { class: "drop" }, el("strong", {}, "Choose files"), el("span", { class: "dim" }, "or drop them here"), input);
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    void all(event.dataTransfer?.files);
  });
  const all = async (list: FileList | null | undefined) => {
    const chosen = TARGETS[target.value];
    // One after the other; together they would only be slower each.
    for (const file of [...(list ?? [])]) if (chosen && !signal.aborted) await one(file, chosen);
  };
  const one = async (file: File, { method, path, words }: Target) => {
    const leave = new AbortController();
    const bar = new ProgressBar(file.name, () => leave.abort());
    transfers.prepend(bar.element);
    try {
      const answer = await upload(method, url(path(file.name)), file, (now) => bar.show(now), AbortSignal.any([signal, leave.signal]));
      bar.show({ done: file.size, total: file.size });
      bar.end(words(answer));
      if (method === "POST" && target.value === "room") kept.append(keptView(read(answer), signal));
    } catch (error) {
      bar.fail("Not uploaded");
      bar.element.append(failureView(failed(error)));
    }
  };
  return card("Up", labelled("What becomes of it", target), drop, transfers, kept);
}

/** A kept file, to have back. */
function keptView(info: FileInfo, signal: AbortSignal): HTMLElement {
  const place = el("div", {});
  const button = el("button", { type: "button", onclick: () => void back() }, "Download");
  const back = async () => {
    const leave = new AbortController();
    const bar = new ProgressBar(info.file, () => leave.abort());
    place.replaceChildren(bar.element);
    try {
      const path = `/v1/rooms/${encodeURIComponent(info.room)}/files/${encodeURIComponent(info.file)}`;
      // A stream does not tell its size beforehand; the upload did.
      save(await download(url(path), Number(info.size), (now) => bar.show(now), AbortSignal.any([signal, leave.signal])), info.file);
      bar.end("Saved");
    } catch (error) {
      bar.fail("Not downloaded");
      place.append(failureView(failed(error)));
    }
  };
  return el("li", {}, el("div", { class: "spread" },
    el("span", {}, el("strong", {}, info.file), el("span", { class: "dim" }, ` ${info.contentType || "no type"}, ${bytes(Number(info.size))}`)), button), place);
}

function downloads({ signal }: Stage): HTMLElement {
  const size = slider("How much", SIZES, 50 * MIB, bytes);
  const breaks = el("input", { type: "checkbox" });
  const place = el("div", { class: "stack", "aria-live": "polite" });
  const call = async () => {
    const leave = new AbortController();
    const total = size.value;
    const bar = new ProgressBar(`${bytes(total)} of zeros`, () => leave.abort());
    place.replaceChildren(bar.element);
    const path = `/v1/echo:download?size=${total}${breaks.checked ? "&failCode=15" : ""}`;
    try {
      const blob = await download(url(path), total, (now) => bar.show(now), AbortSignal.any([signal, leave.signal]));
      bar.end(`Received ${bytes(blob.size)}`);
    } catch (error) {
      bar.fail("Broken off");
      place.append(failureView(failed(error), () => void call()));
    }
  };
  return card("Down", size.element, el("label", { class: "check" }, breaks, "the backend fails at the end"),
    el("div", {}, el("button", { type: "button", class: "primary", onclick: () => void call() }, "Download")), place);
}

function failed(error: unknown): Failure {
  return error instanceof Failure ? error : Failure.of(2, String(error));
}

function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
