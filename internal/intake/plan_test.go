package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/intake"
	"github.com/lockage/lockage/internal/secret"
)

func TestConvention(t *testing.T) {
	usual := []string{"development", "staging", "production"}
	tests := []struct {
		environments []string
		name, want   string
	}{
		{usual, "stripe_production_key", "production stripe_key"},
		{usual, "STRIPE_STAGING_KEY", "staging STRIPE_KEY"},
		{usual, "production_stripe_key", "production stripe_key"},
		{usual, "stripe_key_development", "development stripe_key"},
		{usual, "stripe-production-key", "production stripe-key"},
		{usual, "stripe.key-production", "production stripe.key"},
		{usual, "stripe_prod_key", "production stripe_key as another word"},
		{usual, "live_key", "production key as another word"},
		{usual, "key_stage", "staging key as another word"},
		{usual, "DEV_KEY", "development KEY as another word"},
		{usual, "test_key", "development key as another word"},
		{usual, "stripe_key", ""},
		{usual, "reproduction_key", ""},
		{usual, "livestream_key", ""},
		{usual, "productionkey", ""},
		{usual, "production", ""},
		{usual, "", ""},
		{usual, "__", ""},
		{usual, "_production_", "production _"},
		{usual, "staging_production_key", "ambiguous"},
		{usual, "prod_stage_key", "ambiguous"},
		{usual, "production_production_key", "ambiguous"},
		{usual, "stripe_test_staging_key", "staging stripe_test_key"}, // its own name goes before another word
		{[]string{"production", "eu-production"}, "stripe_eu_production_key", "eu-production stripe_key"},
		{[]string{"production", "eu-production"}, "stripe_us_production_key", "production stripe_us_key"},
		{[]string{"eu-production"}, "stripe_production_key", ""},
		{[]string{"prod", "live"}, "stripe_production_key", ""}, // which of the two is meant nobody knows
		{[]string{"prod", "live"}, "stripe_live_key", "live stripe_key"},
		{[]string{"dev", "test"}, "test_key", "test key"},
		{[]string{"development", "qa"}, "test_key", ""},
		{[]string{"qa"}, "prod_key", ""},
	}
	for _, tt := range tests {
		r := intake.NewConvention(tt.environments).Read(tt.name)
		got := strings.TrimSpace(r.Environment + " " + r.Rest)
		switch {
		case r.Ambiguous:
			got = "ambiguous"
		case r.Environment == "":
			got = ""
			if r.Rest != tt.name {
				t.Errorf("%q: what is left is %q, want the name itself", tt.name, r.Rest)
			}
		case r.Alias:
			got += " as another word"
		}
		if got != tt.want {
			t.Errorf("%q among %v: got %q, want %q", tt.name, tt.environments, got, tt.want)
		}
	}
}

func TestNormal(t *testing.T) {
	for name, want := range map[string]string{
		"STRIPE_KEY": "stripe_key", "stripe_key": "stripe_key", "StripeKey": "StripeKey", "A.B-C:D/E F": "a_b-c_d_e_f", "1": "1",
		"größe": "", "": "", "a$b": "", strings.Repeat("a", 129): "",
	} {
		got, ok := intake.Normal(name)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q and %v, want %q", name, got, ok, want)
		}
	}
}

var three = []string{"development", "staging", "production"}

// plan words what becomes of entries.
func plan(t *testing.T, entries []intake.Entry, o intake.Options, s intake.Stand) (list []string) {
	t.Helper()
	s.Environments = three
	families, err := intake.Gather(entries, intake.NewConvention(three), o)
	if err != nil {
		return []string{"refused: " + err.Error()}
	}
	p := intake.Make(families, s)
	for _, step := range p.Steps {
		list = append(list, strings.Join(strings.Fields(fmt.Sprint(step.Action, " ", step.Secret, " ", step.Type, " ", step.Environment, " ", step.From, " ", step.Source, " ", step.Version)), " "))
	}
	for _, l := range p.Left {
		list = append(list, "left: "+l.Name+" "+l.Why)
	}
	for _, w := range p.Warnings {
		list = append(list, "warning: "+w)
	}
	for _, b := range p.Blockers {
		list = append(list, "blocker: "+b)
	}
	var renames []string
	for from, to := range p.Renames() {
		renames = append(renames, "rename: "+from.Name+" "+to)
	}
	slices.Sort(renames)
	list = append(list, renames...)
	for _, old := range p.Old {
		list = append(list, "old: "+old)
	}
	return list
}

func entry(name, value string) intake.Entry {
	return intake.Entry{Name: name, Value: intake.NewValue(value)}
}

func TestPlanOfAFile(t *testing.T) {
	const one, other = "4eC39HqLyjWDarjtT1zdp7dc", "BQokikJOvBiI2HlWgH4olfQ2"
	held := func(kind string, versions map[string]int64) intake.Held {
		return intake.Held{ID: "id", Type: kind, Versions: versions}
	}
	tests := []struct {
		name    string
		entries []intake.Entry
		options intake.Options
		secrets map[string]intake.Held
		want    []string
	}{
		{
			"siblings",
			[]intake.Entry{entry("KEY_PROD", one), entry("KEY_DEV", other)},
			intake.Options{},
			nil,
			[]string{
				"create_secret key string 0", "set_value key development KEY_DEV 0", "set_value key production KEY_PROD 0",
				"rename: KEY_DEV key", "rename: KEY_PROD key", "rename: key_dev key", "rename: key_prod key",
			},
		},
		{
			"another name, into what is there",
			[]intake.Entry{entry("KEY_PRODUCTION", one)},
			intake.Options{Names: map[string]string{"key": "api_key"}},
			map[string]intake.Held{"api_key": held("string", map[string]int64{"production": 3}), "key_production": held("string", nil)},
			[]string{"replace_value api_key production KEY_PRODUCTION 3", "rename: KEY_PRODUCTION api_key", "rename: id api_key", "rename: key_production api_key", "old: key_production"},
		},
		{
			"one environment, names as they are",
			[]intake.Entry{entry("KEY_PRODUCTION", one), entry("port", other)},
			intake.Options{Environment: "staging"},
			nil,
			[]string{
				"create_secret key_production string 0", "set_value key_production staging KEY_PRODUCTION 0", "create_secret port string 0",
				"set_value port staging port 0", "rename: KEY_PRODUCTION key_production",
			},
		},
		{
			"equal values and poor ones",
			[]intake.Entry{entry("K_PRODUCTION", "canary"), entry("K_STAGING", "canary"), entry("L_STAGING", "${X}"+one)},
			intake.Options{Only: []string{"k", "l"}},
			nil,
			[]string{
				"create_secret k string 0", "set_value k staging K_STAGING 0", "set_value k production K_PRODUCTION 0", "create_secret l string 0", "set_value l staging L_STAGING 0",
				"warning: k in 'staging' is so short or plain that it could be guessed", "warning: k has the same value in 'staging' and 'production'",
				"warning: k in 'production' is so short or plain that it could be guessed", "warning: l in 'staging' has a ${…} in it, which is taken as it stands: nothing is filled in",
				"rename: K_PRODUCTION k", "rename: K_STAGING k", "rename: L_STAGING l", "rename: k_production k", "rename: k_staging k", "rename: l_staging l",
			},
		},
		{
			"left out",
			[]intake.Entry{entry("PORT", "1"), entry("A_PRODUCTION_STAGING", "1"), entry("B_PRODUCTION", ""), entry("C_LIVE", "1"), entry("grö_production", "1")},
			intake.Options{},
			nil,
			[]string{
				"left: PORT names no environment; --environment says where it goes", "left: A_PRODUCTION_STAGING names several environments", "left: B_PRODUCTION has no value",
				"left: a name cannot be the name of a secret, which has letters, digits, _ and -",
				"left: C_LIVE may belong to production, but has no siblings that would prove it; --name or --only takes it",
			},
		},
		{
			"alone, and asked for",
			[]intake.Entry{entry("C_LIVE", one)},
			intake.Options{Only: []string{"c"}},
			nil,
			[]string{"create_secret c string 0", "set_value c production C_LIVE 0", "rename: C_LIVE c", "rename: c_live c"},
		},
		{
			"two for one place",
			[]intake.Entry{entry("A_PROD", one), entry("PROD_A", other)},
			intake.Options{},
			nil,
			[]string{"left: A_PROD may belong to production, but has no siblings that would prove it; --name or --only takes it", "blocker: A_PROD and PROD_A would both be a in production; --name gives another name, --only takes a part"},
		},
		{
			"another type",
			[]intake.Entry{entry("A_PRODUCTION", one)},
			intake.Options{},
			map[string]intake.Held{"a": held("oauth2", nil)},
			[]string{"blocker: a is there with the type oauth2 and cannot hold values of type string; --name gives another name"},
		},
		{
			"too long",
			[]intake.Entry{entry("A_PRODUCTION", strings.Repeat("x", 64<<10+1))},
			intake.Options{},
			nil,
			[]string{"blocker: A_PRODUCTION is longer than 64 KiB"},
		},
		{
			"no name",
			[]intake.Entry{entry("A_PRODUCTION", one)},
			intake.Options{Names: map[string]string{"a": "b c"}},
			nil,
			[]string{"blocker: --name: name: must have 1 to 128 characters, each a letter A-Z or a-z, a digit, _ or -"},
		},
		{
			"environments of the file's own",
			[]intake.Entry{
				{Name: "a", Environment: "prod", Value: intake.NewValue(one)}, {Name: "a", Environment: "development", Value: intake.NewValue(other)}, {Name: "b", Environment: "nowhere", Value: intake.NewValue(one)},
			},
			intake.Options{},
			nil,
			[]string{"create_secret a string 0", "set_value a development a 0", "set_value a production a 0", "blocker: b has a value for an environment that is not there: nowhere"},
		},
		{
			"and on the command line",
			[]intake.Entry{{Name: "a", Environment: "production", Value: intake.NewValue(one)}},
			intake.Options{Environment: "staging"},
			nil,
			[]string{"blocker: a says its environments itself: leave --environment out"},
		},
		{"a name for nothing", []intake.Entry{entry("A_PROD", one)}, intake.Options{Names: map[string]string{"b": "c"}}, nil, []string{"refused: --name: nothing would be called b"}},
		{"only nothing", []intake.Entry{entry("A_PROD", one)}, intake.Options{Only: []string{"b"}}, nil, []string{"refused: --only: nothing would be called b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := plan(t, tt.entries, tt.options, intake.Stand{Secrets: tt.secrets})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanOfWhatIsThere(t *testing.T) {
	held := func(id, kind string, in ...string) intake.Held {
		h := intake.Held{ID: id, Type: kind, Versions: map[string]int64{}}
		for _, e := range in {
			h.Versions[e] = 1
		}
		return h
	}
	tests := []struct {
		name    string
		options intake.Options
		over    bool
		secrets map[string]intake.Held
		want    []string
	}{
		{
			"a family",
			intake.Options{Names: map[string]string{"k": "api_k"}},
			false,
			map[string]intake.Held{"k_production": held("1", "string", "production"), "k_staging": held("2", "string", "staging", "production"), "other_prod": held("3", "string", "production"), "K_PRODUCTION": held("4", "string")},
			[]string{
				"create_secret api_k string 0", "copy_value api_k staging k_staging staging 0", "copy_value api_k production k_production production 0",
				"rename: 1 api_k", "rename: 2 api_k", "rename: k_production api_k", "rename: k_staging api_k", "old: k_staging", "old: k_production",
			},
		},
		{
			"values that are there",
			intake.Options{},
			false,
			map[string]intake.Held{"k_prod": held("1", "oauth2", "production"), "k_dev": held("2", "oauth2", "development"), "k": held("3", "oauth2", "production")},
			[]string{
				"copy_value k development k_dev development 0", "keep_value k production k_prod 1",
				"rename: 1 k", "rename: 2 k", "rename: k_dev k", "rename: k_prod k", "old: k_dev", "old: k_prod",
			},
		},
		{
			"values that are there, over them",
			intake.Options{Only: []string{"k"}},
			true,
			map[string]intake.Held{"k_prod": held("1", "certificate", "production"), "k": held("3", "certificate", "production")},
			[]string{"copy_value k production k_prod production 1", "rename: 1 k", "rename: k_prod k", "old: k_prod"},
		},
		{
			"values elsewhere",
			intake.Options{},
			false,
			map[string]intake.Held{
				"k_prod": held("1", "string", "development"), "k_dev": held("2", "string", "production"), "k_stage": held("3", "string"), "l_prod": held("4", "string", "staging", "development"), "l_dev": held("5", "string", "development"),
			},
			[]string{
				"create_secret k string 0", "copy_value k development k_dev production 0", "copy_value k production k_prod development 0", "create_secret l string 0", "copy_value l development l_dev development 0",
				"left: k_stage has no value", "left: l_prod has no value in production, and several elsewhere: development, staging",
				"warning: k: the value of production 'production' will be in 'development' too; whoever reaches that environment can use it",
				"warning: k: the value for 'production' is taken from 'development', the only environment where k_prod has one",
				"rename: 1 k", "rename: 2 k", "rename: 5 l", "rename: k_dev k", "rename: k_prod k", "rename: l_dev l", "old: k_dev", "old: k_prod", "old: l_dev",
			},
		},
		{
			"of two types",
			intake.Options{},
			false,
			map[string]intake.Held{"k_dev": held("1", "string", "development"), "k_prod": held("2", "oauth2", "production")},
			[]string{
				"create_secret k string 0", "copy_value k development k_dev development 0", "blocker: k_prod is of type oauth2 and its siblings of type string; --only takes a part",
				"rename: 1 k", "rename: k_dev k", "old: k_dev",
			},
		},
		{"nothing alone", intake.Options{}, false, map[string]intake.Held{"live_chat_key": held("1", "string", "production"), "k_production": held("2", "string", "production")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var entries []intake.Entry
			for name := range tt.secrets {
				if name != "K_PRODUCTION" { // which stands beside, and is another
					entries = append(entries, intake.Entry{Name: name})
				}
			}
			slices.SortFunc(entries, func(a, b intake.Entry) int { return strings.Compare(a.Name, b.Name) })
			tt.options.Existing = true
			got := plan(t, entries, tt.options, intake.Stand{Secrets: tt.secrets, Overwrite: tt.over})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanHolds(t *testing.T) {
	s := intake.Stand{Environments: three, Secrets: map[string]intake.Held{"k": {Type: "string", Versions: map[string]int64{"staging": 1}}}}
	families, err := intake.Gather([]intake.Entry{entry("K_PRODUCTION", "1")}, intake.NewConvention(three), intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := intake.Make(families, s)
	if !p.Holds(s, "k", "staging") || !p.Holds(s, "k", "production") || p.Holds(s, "k", "development") || p.Work() != 1 {
		t.Errorf("got %v of staging, %v of production, %v of development, %d to do", p.Holds(s, "k", "staging"), p.Holds(s, "k", "production"), p.Holds(s, "k", "development"), p.Work())
	}
	if got := p.Renames()[secret.Reference{Kind: secret.SecretName, Name: "K_PRODUCTION"}]; got != "k" {
		t.Errorf("K_PRODUCTION: got %q, want k", got)
	}
	if diff := cmp.Diff([]string{"K_PRODUCTION", "k", "k_production"}, families.Mentioned()); diff != "" {
		t.Errorf("mentioned (-want +got):\n%s", diff)
	}
}
