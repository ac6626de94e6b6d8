package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

// pipeline is the names of the environments by level.
func (x *fixture) pipeline(t *testing.T) (names []string) {
	t.Helper()
	for i, e := range environment.NewPipeline(x.environments(t)) {
		if e.Level != i {
			t.Errorf("level of %s: got %d, want %d", e.Name, e.Level, i)
		}
		names = append(names, e.Name)
	}
	return names
}

// byCreation is the names as lists show them, the default with a star.
func (x *fixture) byCreation(t *testing.T) (names []string) {
	t.Helper()
	for _, e := range x.environments(t) {
		names = append(names, e.Name+map[bool]string{true: "*"}[e.IsDefault])
	}
	return names
}

func TestEnvironmentsAreInsertedBelowProduction(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.clock.pass(time.Minute)
		name, display, text, color := "staging", "Staging", "before\nproduction", "#f59e0b"
		got, err := x.CreateEnvironment(t.Context(), x.admin, environment.Fields{
			Name: &name, DisplayName: &display, Description: &text, Color: &color, ObfuscateCustomerData: ptr(true), ShowMessageContents: ptr(false),
		})
		if err != nil {
			t.Fatal(err)
		}
		want := environment.Environment{
			ID: got.ID, Name: name, DisplayName: display, Description: text, Color: color, Level: 1, ObfuscateCustomerData: true, DistinctValues: environment.DistinctOff,
			RootHash: got.RootHash, CreatedAt: x.clock.Now(), UpdatedAt: x.clock.Now(), Logs: environment.Logs{Retention: environment.DefaultRetention},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("staging (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, x.environment(t, "staging")); diff != "" {
			t.Errorf("staging, read again (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, x.environment(t, got.ID)); diff != "" {
			t.Errorf("staging by id (-want +got):\n%s", diff)
		}
		qa := x.createEnvironment(t, "qa")
		if qa.DisplayName != "qa" || qa.Color != "#6366f1" || qa.ObfuscateCustomerData || !qa.ShowMessageContents || qa.IsDefault {
			t.Errorf("got %+v, want the defaults", qa)
		}
		if diff := cmp.Diff([]string{"development", "staging", "qa", "production"}, x.pipeline(t)); diff != "" {
			t.Errorf("pipeline (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"development", "production*", "staging", "qa"}, x.byCreation(t)); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
		// no update re-orders
		for _, name := range []string{"development", "qa", "production"} {
			if _, err := x.UpdateEnvironment(t.Context(), x.owner, name, environment.Fields{Description: ptr("changed")}); err != nil {
				t.Errorf("update %s: %v", name, err)
			}
		}
		if err := x.DeleteEnvironment(t.Context(), x.owner, "staging"); err != nil {
			t.Errorf("delete: %v", err)
		}
		x.createEnvironment(t, "staging")
		if diff := cmp.Diff([]string{"development", "qa", "staging", "production"}, x.pipeline(t)); diff != "" {
			t.Errorf("pipeline after a deletion (-want +got):\n%s", diff)
		}
	})
}

func TestTheDefaultIsSwapped(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		set := func(ref string, f environment.Fields, want ...string) {
			t.Helper()
			if _, err := x.UpdateEnvironment(t.Context(), x.owner, ref, f); err != nil {
				t.Errorf("update %s: %v", ref, err)
			}
			if diff := cmp.Diff(want, x.byCreation(t)); diff != "" {
				t.Errorf("environments (-want +got):\n%s", diff)
			}
		}
		set("staging", environment.Fields{IsDefault: ptr(true)}, "development", "production", "staging*")
		set("staging", environment.Fields{IsDefault: ptr(true)}, "development", "production", "staging*")
		set("development", environment.Fields{IsDefault: ptr(false)}, "development", "production", "staging*")
		set("development", environment.Fields{IsDefault: ptr(true), Name: ptr("dev")}, "dev*", "production", "staging")
		made, err := x.CreateEnvironment(t.Context(), x.owner, environment.Fields{Name: ptr("qa"), IsDefault: ptr(true)})
		if err != nil || !made.IsDefault {
			t.Errorf("create as default: got %v and %v", made, err)
		}
		set("production", environment.Fields{}, "dev", "production", "staging", "qa*")
		if diff := cmp.Diff([]string{"dev", "staging", "qa", "production"}, x.pipeline(t)); diff != "" {
			t.Errorf("pipeline (-want +got):\n%s", diff)
		}
		before := x.state(t)
		_, err = x.UpdateEnvironment(t.Context(), x.owner, "qa", environment.Fields{IsDefault: ptr(false)})
		wantFault(t, "unset", err, fault.Invalid, "is_default: there is always a default; set it on another environment instead")
		onlyStaging := x.with("local", access.Grant{Environment: x.environment(t, "staging").ID, Role: access.Admin})
		_, err = x.UpdateEnvironment(t.Context(), onlyStaging, "staging", environment.Fields{IsDefault: ptr(true)})
		wantFault(t, "taking it from an environment of others", err, fault.Forbidden, "")
		_, err = x.CreateEnvironment(t.Context(), x.owner, environment.Fields{Name: ptr("dev"), IsDefault: ptr(true)})
		wantFault(t, "a namesake as default", err, fault.Conflict, "an environment with this name already exists")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
	})
}

func TestEnvironmentsAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		before := x.state(t)
		long := strings.Repeat("a", 300)
		for what, f := range map[string]environment.Fields{
			"no name": {}, "an empty name": {Name: ptr("")}, "another form": {Name: ptr("Production ")}, "a path": {Name: ptr("../")},
			"a long name": {Name: &long}, "a broken one": {Name: ptr("\xff\x00")}, "a colour": {Name: ptr("a"), Color: ptr("red")},
			"a display name": {Name: ptr("a"), DisplayName: &long}, "a description": {Name: ptr("a"), Description: ptr("\x00")},
		} {
			_, err := x.CreateEnvironment(t.Context(), x.owner, f)
			wantFault(t, "create with "+what, err, fault.Invalid, "")
			if f.Name == nil {
				continue
			}
			_, err = x.UpdateEnvironment(t.Context(), x.owner, "development", f)
			wantFault(t, "update with "+what, err, fault.Invalid, "")
		}
		_, err := x.CreateEnvironment(t.Context(), x.owner, environment.Fields{Name: ptr("production")})
		wantFault(t, "a name twice", err, fault.Conflict, "an environment with this name already exists")
		_, err = x.UpdateEnvironment(t.Context(), x.owner, "development", environment.Fields{Name: ptr("production")})
		wantFault(t, "a rename to a name there is", err, fault.Conflict, "an environment with this name already exists")
		for _, ref := range []string{"", "none", "Production", "production ", "*", "\x00", "\xff", strings.ToUpper(x.production)} {
			_, err := x.GetEnvironment(t.Context(), x.owner, ref)
			wantFault(t, "get "+ref, err, fault.NotFound, "no such environment")
			_, err = x.UpdateEnvironment(t.Context(), x.owner, ref, environment.Fields{Name: ptr("a")})
			wantFault(t, "update "+ref, err, fault.NotFound, "no such environment")
			wantFault(t, "delete "+ref, x.DeleteEnvironment(t.Context(), x.owner, ref), fault.NotFound, "no such environment")
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
	})
}

func TestTheLimitOfEnvironments(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		limited := x.settings
		limited.EnvironmentLimit = 3
		x.Control = open(t, limited)
		x.createEnvironment(t, "staging")
		before := x.state(t)
		_, err := x.CreateEnvironment(t.Context(), x.owner, environment.Fields{Name: ptr("qa")})
		wantFault(t, "the fourth", err, fault.PlanLimit,
			"this installation allows 3 environments; its operator sets the number with --limit-environments")
		_, err = x.CreateEnvironment(t.Context(), x.owner, environment.Fields{Name: ptr("staging")})
		wantFault(t, "a namesake", err, fault.Conflict, "")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		if err := x.DeleteEnvironment(t.Context(), x.owner, "staging"); err != nil {
			t.Fatal(err)
		}
		x.createEnvironment(t, "qa")
	})
}

func TestEnvironmentsSeen(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		staging := x.createEnvironment(t, "staging")
		who := x.with("local", access.Grant{Environment: staging.ID, Role: access.Viewer}, access.Grant{Environment: x.development, Role: access.Support})
		list, err := x.ListEnvironments(t.Context(), who)
		if err != nil || len(list) != 2 || list[0].ID != x.development || list[1].ID != staging.ID {
			t.Errorf("got %v and %v, want the two that are seen", list, err)
		}
		if list, err := x.ListEnvironments(t.Context(), x.viewer); err != nil || len(list) != 3 {
			t.Errorf("for all: got %v and %v, want three", list, err)
		}
	})
}

// Everything refers to an environment by id, so that a new name breaks nothing.
func TestRenamingIsSafe(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "development", "a value in development")
		k := x.createKey(t, "development")
		x.createRoute(t, `{"key":"charges","target_url":"https://example.com","active_environment":"development",
			"inject_headers":{"Authorization":"{{secret:stripe}}"},
			"environments":{"development":{"target_url":"https://dev.example.com"},"production":{"timeout":null}}}`)
		x.commit(t)
		for _, rename := range [][2]string{{"development", "dev"}, {"production", "development"}, {x.production, "live"}} {
			if _, err := x.UpdateEnvironment(t.Context(), x.owner, rename[0], environment.Fields{Name: &rename[1]}); err != nil {
				t.Fatalf("rename %s: %v", rename[0], err)
			}
		}
		if got := x.environment(t, "dev"); got.ID != x.development || got.DisplayName != "Development" {
			t.Errorf("got %+v, want development with another name only", got)
		}
		if got, err := x.GetAPIKey(t.Context(), x.owner, k.ID); err != nil || got.Environment != "dev" {
			t.Errorf("key: got %+v and %v, want it in dev", got, err)
		}
		e, err := x.EffectiveRoute(t.Context(), x.owner, "charges", "dev")
		if err != nil || e.Effective.TargetURL != "https://dev.example.com" || e.Environment.Name != "dev" {
			t.Errorf("route: got %+v and %v, want the overlay of dev", e, err)
		}
		r := x.route(t, "charges")
		if _, ok := r.Definition.Environments[x.production]; !ok || r.Definition.ActiveEnvironment != x.development {
			t.Errorf("got %+v, want overlay and active environment by id", r.Definition)
		}
		_, statuses, base, err := x.SecretEnvironments(t.Context(), x.owner, "stripe")
		if err != nil || base != "live" || statuses[0].Environment.Name != "dev" || statuses[0].Slot.Active != 1 || len(statuses[0].Routes) != 1 {
			t.Errorf("secret: got %+v, base %q, %v, want a used value in dev and base live", statuses, base, err)
		}
		state, _ := x.settings.Holder.Account(x.account)
		for _, name := range []string{"dev", "live"} {
			if _, ok := state.Environment(name); !ok {
				t.Errorf("the gateway does not know %s", name)
			}
		}
		if _, ok := state.Environment("production"); ok {
			t.Error("the gateway still knows production")
		}
	})
}

// Names are the account's: that one is taken would tell of an environment which is out of reach.
func TestRenamingTellsNothingOfEnvironmentsOutOfReach(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		local := x.with("local", access.Grant{Environment: x.development, Role: access.Owner})
		for _, name := range []string{"production", "nowhere"} {
			_, err := x.UpdateEnvironment(t.Context(), local, "development", environment.Fields{Name: ptr(name)})
			wantFault(t, "to "+name, err, fault.Forbidden, "a role in single environments may not rename environments; ask an owner or admin of the whole account")
		}
		same := environment.Fields{Name: ptr("development"), Description: ptr("where it begins")}
		if e, err := x.UpdateEnvironment(t.Context(), local, "development", same); err != nil || e.Description != "where it begins" {
			t.Errorf("the name it has, with another change: got %+v and %v, want the change made", e, err)
		}
		if _, err := x.UpdateEnvironment(t.Context(), x.admin, "development", environment.Fields{Name: ptr("dev")}); err != nil {
			t.Errorf("by an admin of all: got %v, want it renamed", err)
		}
	})
}
