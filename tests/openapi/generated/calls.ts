// Calls the running demo with the client that openapi-generator made for TypeScript with fetch.
import assert from "node:assert/strict";

import { Configuration, DemoLibraryV1LibraryServiceApi, GoogleRpcStatusFromJSON, ResponseError } from "./gen";

async function main() {
  const api = new DemoLibraryV1LibraryServiceApi(new Configuration({ basePath: process.argv[2] }));

  const shelves = await api.demoLibraryV1LibraryServiceListShelves({ pageSize: 2 });
  assert.equal(shelves.shelves?.length, 2);
  console.log("ok a list with a query");

  const made = await api.demoLibraryV1LibraryServiceCreateBook({
    shelf: "fiction",
    bookId: "fetch",
    demoLibraryV1Book: { title: "Generated", genre: "NOVEL", wordCount: "9007199254740993", paper: { weight: 250 } },
  });
  assert.equal(made.name, "shelves/fiction/books/fetch");
  assert.equal(made.wordCount, "9007199254740993");
  assert.equal(made.paper?.weight, 250);
  console.log("ok a POST with path, query and body");

  const books = await api.demoLibraryV1LibraryServiceListBooks({
    shelf: "fiction", pageSize: 50, genres: ["NOVEL", "POETRY"],
  });
  assert.ok(books.books?.some((book) => book.name === made.name));
  console.log("ok a list with a repeated query parameter");

  const error = await api.demoLibraryV1LibraryServiceGetBook({ shelf: "fiction", book: "none" }).catch((error) => error);
  assert.ok(error instanceof ResponseError);
  assert.equal(error.response.status, 404);
  const status = GoogleRpcStatusFromJSON(await error.response.json());
  assert.equal(status.code, 5);
  assert.equal(status.details?.[0]?.atType, "type.googleapis.com/google.rpc.ResourceInfo");
  console.log("ok an error with its details");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
