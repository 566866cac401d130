// Reads a board as strictly as Grafana's own types allow: no field that they have not, none missing that they
// require, no value that they refuse, also in what belongs to a kind of panel or to Prometheus' queries.
//
//	board FILE
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// found is nil where the types' list of what is wrong is empty, which they give as an error too.
func found(err error) error {
	var list cog.BuildErrors
	if errors.As(err, &list) && len(list) == 0 {
		return nil
	}
	return err
}

func read(text []byte) (int, error) {
	plugins.RegisterDefaultPlugins()
	var board dashboard.Dashboard
	if err := found(board.UnmarshalJSONStrict(text)); err != nil {
		return 0, err
	}
	if err := found(board.Validate()); err != nil {
		return 0, err
	}
	// What all kinds of panels have in common is read with leniency above.
	var fields struct {
		Panels []struct {
			FieldConfig json.RawMessage `json:"fieldConfig"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		return 0, err
	}
	for at, panel := range fields.Panels {
		var config dashboard.FieldConfigSource
		if err := found(config.UnmarshalJSONStrict(panel.FieldConfig)); err != nil {
			return 0, fmt.Errorf("panels[%d].fieldConfig: %w", at, err)
		}
	}
	return len(fields.Panels), nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: board FILE")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	panels, err := read(text)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Grafana's own types take the board: %d panels and rows\n", panels)
}
