package api

import "github.com/lockage/lockage/internal/control"

// page is the parameters of a list.
type page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" doc:"Where to go on: meta.next_cursor of the answer before."`
}

func pageOf(limit int, cursor string) control.Page { return control.Page{Limit: limit, Cursor: cursor} }
