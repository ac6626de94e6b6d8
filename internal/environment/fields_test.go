package environment_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/environment"
)

func TestNew(t *testing.T) {
	tests := map[string]struct {
		fields environment.Fields
		want   environment.Environment
	}{
		"defaults": {
			environment.Fields{Name: new("staging")},
			environment.Environment{Name: "staging", DisplayName: "staging", Color: "#6366f1", ShowMessageContents: true, DistinctValues: environment.DistinctOff, Logs: environment.Logs{Retention: environment.DefaultRetention}},
		},
		"empty texts are the defaults": {
			environment.Fields{Name: new("qa"), DisplayName: new(""), Description: new(""), Color: new("")},
			environment.Environment{Name: "qa", DisplayName: "qa", Color: "#6366f1", ShowMessageContents: true, DistinctValues: environment.DistinctOff, Logs: environment.Logs{Retention: environment.DefaultRetention}},
		},
		"everything": {
			environment.Fields{
				Name: new("qa"), DisplayName: new("Prüfung"), Description: new("line\n\tline"), Color: new("#F59e0b"),
				IsDefault: new(true), ObfuscateCustomerData: new(true), ShowMessageContents: new(false),
				DistinctValues: new(environment.DistinctBlock),
			},
			environment.Environment{
				Name: "qa", DisplayName: "Prüfung", Description: "line\n\tline", Color: "#F59e0b",
				IsDefault: true, ObfuscateCustomerData: true, DistinctValues: environment.DistinctBlock, Logs: environment.Logs{Retention: environment.DefaultRetention},
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := environment.New(tt.fields)
			if err != nil {
				t.Fatalf("New: got %v, want no error", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("New (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	ok := new("qa")
	tests := map[string]struct {
		fields environment.Fields
		want   []string
	}{
		"no name":                    {environment.Fields{}, []string{"name"}},
		"no name, but a display one": {environment.Fields{DisplayName: new("QA")}, []string{"name"}},
		"name":                       {environment.Fields{Name: new("Bad Name")}, []string{"name"}},
		"long name":                  {environment.Fields{Name: new(strings.Repeat("n", 300))}, []string{"name"}},
		"long display name":          {environment.Fields{Name: ok, DisplayName: new(strings.Repeat("ü", 256))}, []string{"display_name"}},
		"new line in display name":   {environment.Fields{Name: ok, DisplayName: new("a\nb")}, []string{"display_name"}},
		"broken display name":        {environment.Fields{Name: ok, DisplayName: new("a\xff")}, []string{"display_name"}},
		"long description":           {environment.Fields{Name: ok, Description: new(strings.Repeat("d", 1001))}, []string{"description"}},
		"control in description":     {environment.Fields{Name: ok, Description: new("a\x1bb")}, []string{"description"}},
		"broken description":         {environment.Fields{Name: ok, Description: new("a\xff")}, []string{"description"}},
		"colour name":                {environment.Fields{Name: ok, Color: new("magenta")}, []string{"color"}},
		"short colour":               {environment.Fields{Name: ok, Color: new("#abc")}, []string{"color"}},
		"colour and more":            {environment.Fields{Name: ok, Color: new("#abcdef\n")}, []string{"color"}},
		"all at once": {
			environment.Fields{Name: new("Bad!"), DisplayName: new("a\x00"), Description: new("b\x00"), Color: new("teal")},
			[]string{"name", "display_name", "description", "color"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := environment.New(tt.fields)
			if diff := cmp.Diff(tt.want, refused(t, err, "Bad", "magenta", "teal", "nnn", "ddd", "üü")); diff != "" {
				t.Errorf("refused fields (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(environment.Environment{}, e); diff != "" {
				t.Errorf("a refused environment came back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApply(t *testing.T) {
	base := environment.Environment{
		ID: "e1", Name: "qa", DisplayName: "QA", Description: "d", Color: "#000000", Level: 1, ShowMessageContents: true,
		RootHash: "r", Head: 7,
	}
	change := func(f func(*environment.Environment)) environment.Environment {
		e := base
		f(&e)
		return e
	}
	tests := map[string]struct {
		fields environment.Fields
		want   environment.Environment
	}{
		"nothing":    {environment.Fields{}, base},
		"rename":     {environment.Fields{Name: new("quality")}, change(func(e *environment.Environment) { e.Name = "quality" })},
		"display":    {environment.Fields{DisplayName: new("Q")}, change(func(e *environment.Environment) { e.DisplayName = "Q" })},
		"no display": {environment.Fields{DisplayName: new("")}, change(func(e *environment.Environment) { e.DisplayName = "qa" })},
		"clear":      {environment.Fields{Description: new("")}, change(func(e *environment.Environment) { e.Description = "" })},
		"colour":     {environment.Fields{Color: new("")}, change(func(e *environment.Environment) { e.Color = "#6366f1" })},
		"default":    {environment.Fields{IsDefault: new(true)}, change(func(e *environment.Environment) { e.IsDefault = true })},
		"no default": {environment.Fields{IsDefault: new(false)}, base},
		"obfuscate":  {environment.Fields{ObfuscateCustomerData: new(true)}, change(func(e *environment.Environment) { e.ObfuscateCustomerData = true })},
		"hide":       {environment.Fields{ShowMessageContents: new(false)}, change(func(e *environment.Environment) { e.ShowMessageContents = false })},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := base.Apply(tt.fields)
			if err != nil {
				t.Fatalf("Apply: got %v, want no error", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Apply (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyProtection(t *testing.T) {
	_, production := environment.BuiltIn()
	got, err := production.Apply(environment.Fields{Protected: new(false), Protection: &environment.Protection{Approvals: 1}})
	if err != nil || got.Protected || got.Protection.Approvals != 1 {
		t.Errorf("Apply: got %v, protected %v and %v, want no error, false and one approval", err, got.Protected, got.Protection)
	}
	_, err = production.Apply(environment.Fields{Color: new("red"), Protection: &environment.Protection{Approvals: 11}})
	if diff := cmp.Diff([]string{"color", "protection.approvals"}, refused(t, err, "red")); diff != "" {
		t.Errorf("refused fields (-want +got):\n%s", diff)
	}
}

func TestApplyKeepsADefault(t *testing.T) {
	_, production := environment.BuiltIn()
	_, err := production.Apply(environment.Fields{IsDefault: new(false), Color: new("red")})
	if diff := cmp.Diff([]string{"color", "is_default"}, refused(t, err, "red")); diff != "" {
		t.Errorf("refused fields (-want +got):\n%s", diff)
	}
	got, err := production.Apply(environment.Fields{IsDefault: new(true)})
	if err != nil || !got.IsDefault {
		t.Errorf("setting the default again: got %v and is_default %v, want no error and true", err, got.IsDefault)
	}
}
