// Calls the running demo with the client that openapi-generator made for Go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"

	demo "github.com/transom/generated"
)

func expect(name string, found, expected any) {
	if !reflect.DeepEqual(found, expected) {
		fmt.Fprintf(os.Stderr, "%s: found %v, expected %v\n", name, found, expected)
		os.Exit(1)
	}
}

func sure[T any](value T, _ any, err error) T {
	if err != nil {
		var refused *demo.GenericOpenAPIError
		if errors.As(err, &refused) {
			fmt.Fprintln(os.Stderr, string(refused.Body()))
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	configuration := demo.NewConfiguration()
	configuration.Servers = demo.ServerConfigurations{{URL: os.Args[1]}}
	api := demo.NewAPIClient(configuration).DemoLibraryV1LibraryServiceAPI
	ctx := context.Background()

	shelves := sure(api.DemoLibraryV1LibraryServiceListShelves(ctx).PageSize(2).Execute())
	expect("a page of shelves", len(shelves.Shelves), 2)
	fmt.Println("ok a list with a query")

	book := demo.NewDemoLibraryV1Book("Generated")
	book.SetGenre(demo.NOVEL)
	book.SetWordCount("9007199254740993")
	paper := demo.NewDemoLibraryV1Paper()
	paper.SetWeight(250)
	book.SetPaper(*paper)
	made := sure(api.DemoLibraryV1LibraryServiceCreateBook(ctx, "fiction").BookId("go").DemoLibraryV1Book(*book).Execute())
	expect("its name", made.GetName(), "shelves/fiction/books/go")
	expect("its words", made.GetWordCount(), "9007199254740993")
	expect("its weight", made.Paper.GetWeight(), int64(250))
	fmt.Println("ok a POST with path, query and body")

	books := sure(api.DemoLibraryV1LibraryServiceListBooks(ctx, "fiction").
		PageSize(50).Genres([]demo.DemoLibraryV1Genre{demo.NOVEL, demo.POETRY}).ReadMask("name,title").Execute())
	for _, one := range books.Books {
		expect("what was not asked for", one.HasGenre(), false)
	}
	fmt.Println("ok a list with a repeated query parameter")

	_, answer, err := api.DemoLibraryV1LibraryServiceGetBook(ctx, "fiction", "none").Execute()
	var refused *demo.GenericOpenAPIError
	expect("an error", errors.As(err, &refused), true)
	expect("its HTTP status", answer.StatusCode, 404)
	status, decoded := refused.Model().(demo.GoogleRpcStatus)
	expect("its model", decoded, true)
	expect("its code", status.GetCode(), int32(5))
	expect("its details", status.Details[0].GetType(), "type.googleapis.com/google.rpc.ResourceInfo")
	fmt.Println("ok an error with its details")
}
