package environment_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/environment"
)

const everything = `{"approvals":2,"freeze":[` +
	`{"start":"2026-12-20T00:00:00Z","end":"2027-01-04T00:00:00.5Z","reason":"the holidays, für alle"},` +
	`{"weekly":{"days":["friday","sunday"],"from":"16:00","to":"24:00","time_zone":"Europe/Berlin"},"reason":"weekend","allow_rollback":true},` +
	`{"weekly":{"days":["monday"],"from":"22:00","to":"06:00"}}]}`

func wantEverything(t *testing.T) environment.Protection {
	return environment.Protection{Approvals: 2, Freeze: []environment.Window{
		{Start: at(t, "2026-12-20T00:00:00Z").UTC(), End: at(t, "2027-01-04T00:00:00.5Z").UTC(), Reason: "the holidays, für alle"},
		{
			Weekly: &environment.Weekly{Days: []time.Weekday{time.Friday, time.Sunday}, From: "16:00", To: "24:00", TimeZone: "Europe/Berlin"},
			Reason: "weekend", AllowRollback: true,
		},
		{Weekly: &environment.Weekly{Days: []time.Weekday{time.Monday}, From: "22:00", To: "06:00"}},
	}}
}

func TestDecodeProtection(t *testing.T) {
	windows := func(n int) string {
		one := `{"start":"2026-12-20T00:00:00Z","end":"2026-12-21T00:00:00Z"}`
		return `{"freeze":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}`
	}
	once := environment.Window{Start: at(t, "2026-12-20T00:00:00Z").UTC(), End: at(t, "2026-12-21T00:00:00Z").UTC()}
	tests := map[string]struct {
		in   string
		want environment.Protection
	}{
		"nothing":      {`{}`, environment.Protection{}},
		"null":         {` null `, environment.Protection{}},
		"nulls":        {`{"approvals":null,"freeze":null}`, environment.Protection{}},
		"no windows":   {`{"approvals":10,"freeze":[]}`, environment.Protection{Approvals: 10}},
		"everything":   {everything, wantEverything(t)},
		"white space":  {" { \"approvals\" :\n2 } ", environment.Protection{Approvals: 2}},
		"nulls inside": {`{"freeze":[{"start":"2026-12-20T01:00:00+01:00","end":"2026-12-21T00:00:00Z","weekly":null,"reason":null,"allow_rollback":null}]}`, environment.Protection{Freeze: []environment.Window{once}}},
		"many windows": {windows(50), environment.Protection{Freeze: slices.Repeat([]environment.Window{once}, 50)}},
		"escaped": {
			`{"freeze":[{"weekly":{"days":["\u0066riday"],"from":"0\u0030:00","to":"00:01","time_zone":null}}]}`,
			environment.Protection{Freeze: []environment.Window{every("", "00:00", "00:01", time.Friday)}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := environment.DecodeProtection([]byte(tt.in))
			if err != nil {
				t.Fatalf("DecodeProtection: got %v, want no error", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("DecodeProtection (-want +got):\n%s", diff)
			}
			if err := got.Check(); err != nil {
				t.Errorf("Check: got %v, want no error", err)
			}
		})
	}
}

func TestDecodeProtectionRefuses(t *testing.T) {
	weekly := func(members string) string {
		return `{"freeze":[{"weekly":{"days":["friday"],"from":"16:00","to":"24:00"` + members + `}}]}`
	}
	tests := map[string]struct {
		in   string
		want []string
	}{
		"nothing":           {``, []string{"protection"}},
		"white space":       {"  ", []string{"protection"}},
		"half":              {`{"approvals":`, []string{"protection"}},
		"not JSON":          {`{"zebra`, []string{"protection"}},
		"broken UTF-8":      {"{\"zebra\xff\":1}", []string{"protection"}},
		"something after":   {`{}{}`, []string{"protection"}},
		"a member twice":    {`{"approvals":1,"approvals":1}`, []string{"protection"}},
		"no object":         {`[]`, []string{"protection"}},
		"unknown":           {`{"zebra":1}`, []string{"protection"}},
		"unknown and null":  {`{"zebra":null}`, []string{"protection"}},
		"two known as one":  {`{"approvals, freeze":null}`, []string{"protection"}},
		"other case":        {`{"Approvals":1}`, []string{"protection"}},
		"approvals less":    {`{"approvals":-1}`, []string{"protection.approvals"}},
		"approvals more":    {`{"approvals":11}`, []string{"protection.approvals"}},
		"approvals huge":    {`{"approvals":99999999999999999999}`, []string{"protection.approvals"}},
		"approvals half":    {`{"approvals":1.5}`, []string{"protection.approvals"}},
		"approvals text":    {`{"approvals":"1"}`, []string{"protection.approvals"}},
		"freeze no list":    {`{"freeze":{}}`, []string{"protection.freeze"}},
		"too many":          {`{"freeze":[` + strings.Repeat(`{},`, 50) + `{}]}`, []string{"protection.freeze"}},
		"window null":       {`{"freeze":[null]}`, []string{"protection.freeze[0]"}},
		"window no object":  {`{"freeze":["zebra"]}`, []string{"protection.freeze[0]"}},
		"window empty":      {`{"freeze":[{}]}`, []string{"protection.freeze[0]"}},
		"window unknown":    {`{"freeze":[{"zebra":1}]}`, []string{"protection.freeze[0]"}},
		"no start":          {`{"freeze":[{"end":"2026-12-20T00:00:00Z"}]}`, []string{"protection.freeze[0].start"}},
		"no end":            {`{"freeze":[{"start":"2026-12-20T00:00:00Z"}]}`, []string{"protection.freeze[0].end"}},
		"end at start":      {`{"freeze":[{"start":"2026-12-20T00:00:00Z","end":"2026-12-20T01:00:00+01:00"}]}`, []string{"protection.freeze[0].end"}},
		"no times":          {`{"freeze":[{"start":"2026-12-20","end":1}]}`, []string{"protection.freeze[0].start", "protection.freeze[0].end"}},
		"the first time":    {`{"freeze":[{"start":"0001-01-01T00:00:00Z","end":"2026-12-20T00:00:00Z"}]}`, []string{"protection.freeze[0].start"}},
		"before the first":  {`{"freeze":[{"start":"0001-01-01T00:00:00+01:00","end":"2026-12-20T00:00:00Z"}]}`, []string{"protection.freeze[0].start"}},
		"after the last":    {`{"freeze":[{"start":"2026-12-20T00:00:00Z","end":"9999-12-31T23:59:59-01:00"}]}`, []string{"protection.freeze[0].end"}},
		"both sorts":        {`{"freeze":[{"start":"2026-12-20T00:00:00Z","weekly":{"days":["friday"],"from":"16:00","to":"24:00"}}]}`, []string{"protection.freeze[0]"}},
		"reason no text":    {`{"freeze":[{"start":"2026-12-20T00:00:00Z","end":"2026-12-21T00:00:00Z","reason":7}]}`, []string{"protection.freeze[0].reason"}},
		"reason long":       {`{"freeze":[{"start":"2026-12-20T00:00:00Z","end":"2026-12-21T00:00:00Z","reason":"` + strings.Repeat("ü", 501) + `"}]}`, []string{"protection.freeze[0].reason"}},
		"reason in lines":   {`{"freeze":[{"start":"2026-12-20T00:00:00Z","end":"2026-12-21T00:00:00Z","reason":"zebra\nb"}]}`, []string{"protection.freeze[0].reason"}},
		"rollback no truth": {`{"freeze":[{"start":"2026-12-20T00:00:00Z","end":"2026-12-21T00:00:00Z","allow_rollback":"true"}]}`, []string{"protection.freeze[0].allow_rollback"}},
		"weekly no object":  {`{"freeze":[{"weekly":"zebra"}]}`, []string{"protection.freeze[0].weekly"}},
		"weekly unknown":    {weekly(`,"zebra":1`), []string{"protection.freeze[0].weekly"}},
		"weekly empty":      {`{"freeze":[{"weekly":{}}]}`, []string{"protection.freeze[0].weekly.days", "protection.freeze[0].weekly.from", "protection.freeze[0].weekly.to"}},
		"days no list":      {`{"freeze":[{"weekly":{"days":"friday"}}]}`, []string{"protection.freeze[0].weekly.days"}},
		"days none":         {`{"freeze":[{"weekly":{"days":[],"from":"16:00","to":"24:00"}}]}`, []string{"protection.freeze[0].weekly.days"}},
		"days of no week":   {`{"freeze":[{"weekly":{"days":["friday","Friday","zebraday",5,null]}}]}`, []string{"protection.freeze[0].weekly.days[1]", "protection.freeze[0].weekly.days[2]", "protection.freeze[0].weekly.days[3]", "protection.freeze[0].weekly.days[4]"}},
		"day twice":         {`{"freeze":[{"weekly":{"days":["friday","monday","friday"],"from":"16:00","to":"24:00"}}]}`, []string{"protection.freeze[0].weekly.days[2]"}},
		"clocks no text":    {`{"freeze":[{"weekly":{"days":["friday"],"from":16,"to":[]}}]}`, []string{"protection.freeze[0].weekly.from", "protection.freeze[0].weekly.to"}},
		"from at the end":   {`{"freeze":[{"weekly":{"days":["friday"],"from":"24:00","to":"24:00"}}]}`, []string{"protection.freeze[0].weekly.from"}},
		"zone unknown":      {weekly(`,"time_zone":"Europe/Zebra"`), []string{"protection.freeze[0].weekly.time_zone"}},
		"zone of a machine": {weekly(`,"time_zone":"Local"`), []string{"protection.freeze[0].weekly.time_zone"}},
		"zone of a file":    {weekly(`,"time_zone":"../../etc/passwd"`), []string{"protection.freeze[0].weekly.time_zone"}},
		"zone of a folder":  {weekly(`,"time_zone":"Europe"`), []string{"protection.freeze[0].weekly.time_zone"}},
		"zone with seconds": {weekly(`,"time_zone":"right/Europe/Berlin"`), []string{"protection.freeze[0].weekly.time_zone"}},
		"zone twice there":  {weekly(`,"time_zone":"posix/Europe/Berlin"`), []string{"protection.freeze[0].weekly.time_zone"}},
		"zone no text":      {weekly(`,"time_zone":1`), []string{"protection.freeze[0].weekly.time_zone"}},
		"all at once": {
			`{"approvals":-1,"freeze":[{"start":"zebra"},{"end":"2026-12-20T00:00:00Z"},{"weekly":{"days":["friday"],"from":"16:60","to":"24:01"}}],"zebra":1}`,
			[]string{"protection.approvals", "protection.freeze[0].start", "protection.freeze[1].start", "protection.freeze[2].weekly.from", "protection.freeze[2].weekly.to", "protection"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := environment.DecodeProtection([]byte(tt.in))
			if diff := cmp.Diff(tt.want, refused(t, err, "zebra", "Zebra", "passwd", "16:60", "üü")); diff != "" {
				t.Errorf("refused fields (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(environment.Protection{}, got); diff != "" {
				t.Errorf("a refused protection came back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClocks(t *testing.T) {
	for _, clock := range []string{"", "1600", "16.00", "6:00", "016:00", "16:0", "16:60", "24:01", "25:00", "-1:00", "1a:00", "16:b0", "16:00 ", "٠٠:٠٠"} {
		p := environment.Protection{Freeze: []environment.Window{every("", clock, clock, time.Friday)}}
		want := []string{"protection.freeze[0].weekly.from", "protection.freeze[0].weekly.to"}
		if diff := cmp.Diff(want, refused(t, p.Check(), clock)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", clock, diff)
		}
	}
}

// Check meets what no JSON can say.
func TestCheckRefuses(t *testing.T) {
	p := environment.Protection{Approvals: 11, Freeze: []environment.Window{
		every("", "16:00", "24:00", time.Friday, time.Weekday(7), time.Weekday(-1)),
		{Start: at(t, "2026-12-20T00:00:00Z"), End: at(t, "2026-12-21T00:00:00Z"), Reason: "broken\xff"},
	}}
	want := []string{
		"protection.approvals", "protection.freeze[0].weekly.days[1]", "protection.freeze[0].weekly.days[2]", "protection.freeze[1].reason",
	}
	if diff := cmp.Diff(want, refused(t, p.Check(), "broken")); diff != "" {
		t.Errorf("refused fields (-want +got):\n%s", diff)
	}
	many := environment.Protection{Freeze: make([]environment.Window, 51)}
	if diff := cmp.Diff([]string{"protection.freeze"}, refused(t, many.Check())); diff != "" {
		t.Errorf("refused fields (-want +got):\n%s", diff)
	}
}

func TestProtectionAsJSON(t *testing.T) {
	raw, err := json.Marshal(wantEverything(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everything, string(raw)); diff != "" {
		t.Errorf("Marshal (-want +got):\n%s", diff)
	}
	var got environment.Protection
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatalf("Unmarshal: got %v, want no error", err)
	}
	if diff := cmp.Diff(wantEverything(t), got); diff != "" {
		t.Errorf("Unmarshal (-want +got):\n%s", diff)
	}
	if raw, err := json.Marshal(environment.Protection{}); err != nil || string(raw) != `{"approvals":0,"freeze":[]}` {
		t.Errorf("Marshal of none: got %s and %v, want empty lists", raw, err)
	}
	active := environment.ActiveWindow{Window: environment.Window{Reason: "r"}, Until: at(t, "2026-12-21T00:00:00Z")}
	if raw, err := json.Marshal(active); err != nil || string(raw) != `{"reason":"r","until":"2026-12-21T00:00:00Z"}` {
		t.Errorf("Marshal of an active window: got %s and %v, want it flat", raw, err)
	}
	hold := environment.Hold{Reason: "r", By: "b", At: at(t, "2026-12-21T00:00:00Z")}
	if raw, err := json.Marshal(hold); err != nil || string(raw) != `{"reason":"r","by":"b","at":"2026-12-21T00:00:00Z"}` {
		t.Errorf("Marshal of a hold: got %s and %v, want its three members", raw, err)
	}
	for _, stored := range []string{`{"days":["someday"]}`, `{"days":5}`} {
		if err := json.Unmarshal([]byte(stored), &environment.Weekly{}); err == nil {
			t.Errorf("Unmarshal(%s): got no error, want one", stored)
		}
	}
}

func TestApplyProtects(t *testing.T) {
	_, production := environment.BuiltIn()
	want := wantEverything(t)
	got, err := production.Apply(environment.Fields{Protected: nil, Protection: &want})
	if err != nil {
		t.Fatalf("Apply: got %v, want no error", err)
	}
	if diff := cmp.Diff(wantEverything(t), got.Protection); diff != "" || !got.Protected {
		t.Errorf("Apply: got protected %v, want true, and (-want +got):\n%s", got.Protected, diff)
	}
	want.Freeze[0].Reason = "mine"
	if got.Protection.Freeze[0].Reason == "mine" {
		t.Error("Apply shares the list of windows")
	}
	got, err = got.Apply(environment.Fields{Protected: new(false), Protection: nil})
	if diff := cmp.Diff(wantEverything(t), got.Protection); err != nil || diff != "" || got.Protected {
		t.Errorf("Apply: got %v and protected %v, want no error and false, and (-want +got):\n%s", err, got.Protected, diff)
	}
	if got, err = got.Apply(environment.Fields{Protected: nil, Protection: &environment.Protection{}}); err != nil || got.Protection.Approvals != 0 || got.Protection.Freeze != nil {
		t.Errorf("Apply: got %v and %v, want no error and nothing asked", got.Protection, err)
	}
	bad := environment.Protection{Approvals: -1, Freeze: make([]environment.Window, 1)}
	got, err = production.Apply(environment.Fields{Protected: new(false), Protection: &bad})
	if diff := cmp.Diff([]string{"protection.approvals", "protection.freeze[0]"}, refused(t, err)); diff != "" {
		t.Errorf("refused fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(environment.Environment{}, got); diff != "" {
		t.Errorf("a refused environment came back (-want +got):\n%s", diff)
	}
}

func FuzzDecodeProtection(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, everything, `{"approvals":11}`, `{"freeze":[{}]}`, `{"freeze":[{"weekly":{"days":["friday"],"from":"02:30","to":"02:30","time_zone":"America/New_York"}}]}`,
		`{"freeze":[{"start":"2026-12-20T00:00:00+23:59","end":"9999-12-31T23:59:59Z"}]}`, `{"a":{"a":1,"a":2}}`, "{\"\xff\":1}", `{}{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := environment.DecodeProtection(raw)
		if err != nil {
			if len(refused(t, err)) == 0 {
				t.Fatalf("got %v, want it to name fields", err)
			}
			return
		}
		if err := p.Check(); err != nil {
			t.Fatalf("Check of what was accepted: got %v, want no error", err)
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatalf("Marshal: got %v, want no error", err)
		}
		got, err := environment.DecodeProtection(again)
		if err != nil {
			t.Fatalf("decoding again: got %v, want no error", err)
		}
		if diff := cmp.Diff(p, got); diff != "" {
			t.Errorf("decoded again (-want +got):\n%s", diff)
		}
		for _, now := range []string{"2026-03-08T07:00:00Z", "2026-12-25T00:00:00Z"} {
			for _, w := range p.Frozen(at(t, now)) {
				if !w.Until.IsZero() && !w.Until.After(at(t, now)) {
					t.Errorf("frozen at %s: got until %s, want later", now, w.Until)
				}
			}
		}
	})
}
