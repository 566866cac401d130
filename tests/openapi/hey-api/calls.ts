// Calls the running demo with the client that @hey-api/openapi-ts made of its document.
import assert from "node:assert/strict";

import { client } from "./gen/client.gen";
import {
  demoLibraryV1LibraryServiceCreateBook as createBook,
  demoLibraryV1LibraryServiceDeleteBook as deleteBook,
  demoLibraryV1LibraryServiceGetBook as getBook,
  demoLibraryV1LibraryServiceListBooks as listBooks,
  demoLibraryV1LibraryServiceUpdateBook as updateBook,
  echoServiceStream,
} from "./gen/sdk.gen";
import type { DemoEchoV1Item as Item } from "./gen/types.gen";

const ok = (name: string) => console.log(`ok @hey-api/openapi-ts: ${name}`);

async function main() {
  client.setConfig({ baseUrl: process.argv[2] });

  const made = await createBook({
    path: { shelf: "fiction" },
    query: { bookId: "generated" },
    body: { title: "Generated", genre: "NOVEL", paper: { weight: 250 }, wordCount: "9007199254740993" },
  });
  assert.equal(made.data?.name, "shelves/fiction/books/generated");
  assert.equal(made.data?.wordCount, "9007199254740993");
  assert.deepEqual(made.data?.paper, { weight: 250 });
  ok("path, query and body of one call");

  const changed = await updateBook({
    path: { shelf: "fiction", book: "generated" },
    query: { updateMask: "title" },
    body: { title: "Changed" },
  });
  assert.equal(changed.data?.title, "Changed");
  assert.equal(changed.data?.genre, "NOVEL");
  ok("a PATCH");

  const listed = await listBooks({
    path: { shelf: "fiction" },
    query: { pageSize: 2, genres: ["NOVEL", "POETRY"], readMask: "name,title" },
  });
  assert.equal(listed.data?.books?.length, 2);
  assert.match(listed.data?.books?.[0]?.name ?? "", /^shelves\/fiction\/books\//);
  ok("a list with a repeated query parameter");

  const gone = await deleteBook({ path: { shelf: "fiction", book: "generated" } });
  assert.equal(gone.response?.status, 200);
  const failed = await getBook({ path: { shelf: "fiction", book: "generated" } });
  assert.equal(failed.response?.status, 404);
  assert.equal(failed.error?.code, 5);
  assert.equal(failed.error?.details?.[0]?.["@type"], "type.googleapis.com/google.rpc.ResourceInfo");
  ok("an error with its details");

  // The client reads events, and leaves it to its caller to ask for them.
  const events = await echoServiceStream({ query: { count: 3 }, headers: { accept: "text/event-stream" } });
  const indices: unknown[] = [];
  for await (const item of events.stream) {
    indices.push((item as Item).index);
  }
  // A zero is left out.
  assert.deepEqual(indices, [undefined, "1", "2"]);
  ok("a stream of server-sent events");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
