package environment

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
)

// Fields is what a caller may say about an environment; nil leaves a field as it is. An empty display name stands for
// the name, an empty colour for the default one.
type Fields struct {
	Name                  *string
	DisplayName           *string
	Description           *string
	Color                 *string
	IsDefault             *bool
	ObfuscateCustomerData *bool
	ShowMessageContents   *bool
	Protected             *bool
	Protection            *Protection
	DistinctValues        *Distinct
	Logs                  *LogFields
}

// New makes an environment without id, level and times. It refuses all bad fields at once.
func New(f Fields) (Environment, error) {
	e := Environment{Color: DefaultColor, ShowMessageContents: true, DistinctValues: DistinctOff, Logs: Logs{Retention: DefaultRetention}}
	if f.Name == nil {
		f.Name = new(string) // refused as an empty one
	}
	if f.DisplayName == nil {
		f.DisplayName = f.Name
	}
	return e.Apply(f)
}

// Apply returns e with the fields that are set, and refuses all bad ones at once. The default environment cannot be
// unset, only replaced: that another one loses its place when f makes e the default is for the caller to see to.
func (e Environment) Apply(f Fields) (Environment, error) {
	var refused []fault.Field
	refuse := func(field, message string) {
		if message != "" {
			refused = append(refused, fault.Field{Field: field, Message: message})
		}
	}
	if f.Name != nil {
		e.Name = *f.Name
		refuse("name", nameProblem(e.Name))
	}
	if f.DisplayName != nil {
		e.DisplayName = *f.DisplayName
		if e.DisplayName == "" {
			e.DisplayName = e.Name
		}
		// One that only repeats a refused name has been refused already.
		if e.DisplayName != e.Name {
			refuse("display_name", textProblem(e.DisplayName, MaxDisplayName, ""))
		}
	}
	if f.Description != nil {
		e.Description = *f.Description
		refuse("description", textProblem(e.Description, MaxDescription, "\n\t"))
	}
	if f.Color != nil {
		e.Color = *f.Color
		if e.Color == "" {
			e.Color = DefaultColor
		}
		if !colorForm.MatchString(e.Color) {
			refuse("color", "must be a hex colour like "+DefaultColor)
		}
	}
	if f.IsDefault != nil {
		if e.IsDefault && !*f.IsDefault {
			refuse("is_default", "there is always a default; set it on another environment instead")
		}
		e.IsDefault = *f.IsDefault
	}
	if f.DistinctValues != nil {
		e.DistinctValues = *f.DistinctValues
		refuse("distinct_values", distinctProblem(e.DistinctValues))
	}
	e, fields := e.protect(f.Protected, f.Protection)
	refused = append(refused, fields...)
	e.Logs, fields = e.Logs.apply(f.Logs)
	refused = append(refused, fields...)
	if f.ObfuscateCustomerData != nil {
		e.ObfuscateCustomerData = *f.ObfuscateCustomerData
	}
	if f.ShowMessageContents != nil {
		e.ShowMessageContents = *f.ShowMessageContents
	}
	if err := fault.RefusedFields(refused); err != nil {
		return Environment{}, err
	}
	return e, nil
}

// textProblem says what is wrong with a text of people: its length, its encoding, or a control character other than
// those allowed.
func textProblem(text string, limit int, allowed string) string {
	if !utf8.ValidString(text) {
		return "is not valid UTF-8"
	}
	if utf8.RuneCountInString(text) > limit {
		return fmt.Sprintf("is too long; use at most %d characters", limit)
	}
	for _, c := range text {
		if unicode.IsControl(c) && !strings.ContainsRune(allowed, c) {
			return "must not contain control characters"
		}
	}
	return ""
}
