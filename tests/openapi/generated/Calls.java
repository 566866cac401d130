// Calls the running demo with the client that openapi-generator made for Java.

import java.util.List;
import java.util.Objects;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.DemoLibraryV1LibraryServiceApi;
import org.openapitools.client.api.DemoLibraryV1LibraryServiceApi.*;
import org.openapitools.client.model.*;

public class Calls {
  static void expect(String name, Object found, Object expected) {
    if (!Objects.equals(found, expected)) {
      throw new AssertionError(name + ": found " + found + ", expected " + expected);
    }
  }

  public static void main(String[] arguments) throws Exception {
    ApiClient client = new ApiClient();
    client.updateBaseUri(arguments[0]);
    DemoLibraryV1LibraryServiceApi api = new DemoLibraryV1LibraryServiceApi(client);

    var shelves = api.demoLibraryV1LibraryServiceListShelves(
        APIDemoLibraryV1LibraryServiceListShelvesRequest.newBuilder().pageSize(2).build());
    expect("a page of shelves", shelves.getShelves().size(), 2);
    System.out.println("ok a list with a query");

    var book = new DemoLibraryV1Book().title("Generated").genre(DemoLibraryV1Genre.NOVEL)
        .wordCount("9007199254740993").paper(new DemoLibraryV1Paper().weight(250L));
    var made = api.demoLibraryV1LibraryServiceCreateBook(
        APIDemoLibraryV1LibraryServiceCreateBookRequest.newBuilder()
            .shelf("fiction").bookId("java").demoLibraryV1Book(book).build());
    expect("its name", made.getName(), "shelves/fiction/books/java");
    expect("its words", made.getWordCount(), "9007199254740993");
    expect("its weight", made.getPaper().getWeight(), 250L);
    System.out.println("ok a POST with path, query and body");

    var books = api.demoLibraryV1LibraryServiceListBooks(
        APIDemoLibraryV1LibraryServiceListBooksRequest.newBuilder().shelf("fiction").pageSize(50)
            .genres(List.of(DemoLibraryV1Genre.NOVEL, DemoLibraryV1Genre.POETRY)).build());
    expect("a book made here", books.getBooks().stream().anyMatch(one -> one.getName().endsWith("/java")), true);
    System.out.println("ok a list with a repeated query parameter");

    try {
      api.demoLibraryV1LibraryServiceGetBook(
          APIDemoLibraryV1LibraryServiceGetBookRequest.newBuilder().shelf("fiction").book("none").build());
      throw new AssertionError("found a book, expected an error");
    } catch (ApiException refused) {
      expect("its HTTP status", refused.getCode(), 404);
      var status = ApiClient.createDefaultObjectMapper().readValue(refused.getResponseBody(), GoogleRpcStatus.class);
      expect("its code", status.getCode(), 5);
      expect("its details", status.getDetails().get(0).getAtType(), "type.googleapis.com/google.rpc.ResourceInfo");
    }
    System.out.println("ok an error with its details");
  }
}
