package api

import "github.com/danielgtaylor/huma/v2"

// protectionSchemas describe what the environment package reads itself: a protection and its windows of freeze, each
// either once or every week.
func protectionSchemas() map[string]*huma.Schema {
	text := func(what string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: what} }
	moment := func(what string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Format: "date-time", Description: what}
	}
	window := map[string]*huma.Schema{
		"start":  moment("When it begins; with end, instead of weekly."),
		"end":    moment("When it is over."),
		"weekly": reference("WeeklyWindow"),
		"reason": {Type: huma.TypeString, MaxLength: number(500), Description: "Why; it is told to those who are refused."},
		"allow_rollback": {
			Type: huma.TypeBoolean, Description: "Whether a rollback is let through; false by default.",
		},
	}
	days := &huma.Schema{
		Type: huma.TypeString,
		Enum: []any{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"},
	}
	return map[string]*huma.Schema{
		"Protection": {
			Type: huma.TypeObject, AdditionalProperties: false,
			Description: "What an environment asks of those who change it; an absent field asks nothing.",
			Properties: map[string]*huma.Schema{
				"approvals": {
					Type: huma.TypeInteger, Minimum: number(0.0), Maximum: number(10.0),
					Description: "How many others must approve before a promotion is carried out.",
				},
				"freeze": {Type: huma.TypeArray, MaxItems: number(50), Items: reference("FreezeRule")},
			},
		},
		"FreezeRule": {
			Type: huma.TypeObject, AdditionalProperties: false, Properties: window,
			Description: "A time in which the environment does not change: once, or every week.",
		},
		"WeeklyWindow": {
			Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"days", "from", "to"},
			Properties: map[string]*huma.Schema{
				"days":      {Type: huma.TypeArray, MinItems: number(1), Items: days},
				"from":      text("Time of the day from 00:00 to 23:59."),
				"to":        text("Time of the day up to 24:00; not later than from, it is that of the next day."),
				"time_zone": text("An IANA name like Europe/Berlin; UTC by default."),
			},
		},
	}
}
