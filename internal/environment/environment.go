// Package environment holds the rules of an environment and of the pipeline: how one is named and described, where a
// new one is placed, and which may be removed. It promises that the pipeline's levels are contiguous, that it begins
// with the environment where changes begin and ends with production, and that nothing re-orders it.
package environment

import (
	"regexp"
	"time"

	"github.com/lockage/lockage/internal/fault"
)

// Environment is one isolated level of an account. Everything refers to it by ID; Name is only its outer form.
type Environment struct {
	ID                    string
	Name                  string
	DisplayName           string
	Description           string
	Color                 string // "#rrggbb"
	IsDefault             bool   // exactly one of an account
	Level                 int    // 0 is where changes begin, the highest is production
	Protected             bool   // whether developers may not promote into it
	Protection            Protection
	Hold                  *Hold // since a rollback; nil: none
	ObfuscateCustomerData bool
	ShowMessageContents   bool
	DistinctValues        Distinct
	Logs                  Logs
	RootHash              string // of the tree that is live here
	Head                  int64  // number of the newest commit; 0: none
	CreatedAt             time.Time
	UpdatedAt             time.Time
}

// DefaultColor is the colour of an environment that was given none.
const DefaultColor = "#6366f1"

// Limits of an environment's texts, in characters.
const (
	MaxName        = 64
	MaxDisplayName = 255
	MaxDescription = 1000
)

var (
	nameForm  = regexp.MustCompile(`^[a-z0-9_-]+$`)
	colorForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

// CheckName refuses a name that is not 1 to 64 of a-z, 0-9, "_" and "-".
func CheckName(name string) error {
	if message := nameProblem(name); message != "" {
		return fault.Refused("name", "%s", message)
	}
	return nil
}

func nameProblem(name string) string {
	switch {
	case name == "":
		return "is required; use 1 to 64 of a-z, 0-9, _ and -"
	case len(name) > MaxName:
		return "is too long; use at most 64 characters"
	case !nameForm.MatchString(name):
		return "must be made of a-z, 0-9, _ and - only"
	}
	return ""
}

// BuiltIn returns the two environments every account starts with, without ids and times.
func BuiltIn() (development, production Environment) {
	development = Environment{
		Name: "development", DisplayName: "Development", Color: "#3b82f6",
		ShowMessageContents: true, DistinctValues: DistinctOff, Logs: Logs{Retention: DefaultRetention},
	}
	production = Environment{
		Name: "production", DisplayName: "Production", Color: "#22c55e",
		IsDefault: true, Level: 1, Protected: true, ObfuscateCustomerData: true, DistinctValues: DistinctWarn,
		Logs: Logs{Retention: DefaultRetention},
	}
	return development, production
}
