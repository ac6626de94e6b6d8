package server_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// look reads what is stored and what was logged.
func (h *hunt) look(t *testing.T, when string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(h.config.Data, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in the data folder: %v", err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h.clean(t, filepath.Base(path)+" "+when, text)
	}
	log := h.log.Bytes()
	for _, part := range []string{`"level":"INFO"`, `"level":"WARN"`} {
		if !bytes.Contains(log, []byte(part)) {
			t.Errorf("the log has no %s: it proves nothing", part)
		}
	}
	h.clean(t, "the log "+when, log)
	if h.config.Database != "" {
		h.lookInto(t, h.config.Database, when)
	}
}

// lookInto reads every row of every table of PostgreSQL, as text.
func (h *hunt) lookInto(t *testing.T, database, when string) {
	t.Helper()
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), `SELECT set_config('lockage.account', '*', false)`); err != nil {
		t.Fatal(err)
	}
	texts := func(query string) (list []string) {
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			list = append(list, text)
		}
		return list
	}
	n := 0
	for _, table := range texts(`SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`) {
		rows := texts(`SELECT t::text FROM "` + table + `" t`)
		n += len(rows)
		h.clean(t, "table "+table+" "+when, []byte(strings.Join(rows, "\n")))
	}
	if n < 50 {
		t.Errorf("the database has %d rows: it proves nothing", n)
	}
}

// ask makes every GET of the description, with all that there is in the place of its parameters. A new operation comes
// under it by itself; one with a new parameter fails until it is known what to put there.
func (h *hunt) ask(t *testing.T) {
	t.Helper()
	_, text := h.send(t, "GET", h.control+"/openapi.json", "", "")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	fill := h.fillings(t, doc)
	for path, item := range doc.Paths.Map() {
		if item.Get == nil {
			continue
		}
		urls := []string{path}
		for _, p := range append(slices.Clone(item.Parameters), item.Get.Parameters...) {
			name, mark := p.Value.Name, "{"+p.Value.Name+"}"
			values, known := fill[concept(path)+" "+name]
			if !known {
				values, known = fill[name]
			}
			switch {
			case p.Value.In != "path" && !p.Value.Required && name != "limit":
				continue
			case !known:
				t.Errorf("GET %s: say in fillings what %s can be", path, name)
				continue
			case p.Value.In == "query":
				for i, u := range urls {
					urls[i] = u + map[bool]string{true: "&", false: "?"}[strings.Contains(u, "?")]
				}
				mark = ""
			}
			var more []string
			for _, u := range urls {
				for _, v := range values {
					if mark == "" {
						more = append(more, u+name+"="+v)
						continue
					}
					more = append(more, strings.ReplaceAll(u, mark, url.PathEscape(v)))
				}
			}
			urls = more
		}
		ok := false
		for _, u := range urls {
			credential := h.token
			if strings.HasPrefix(u, "/admin/") || slices.Contains([]string{"/v1/sessions", "/v1/second-factors", "/v1/login-provider"}, u) { // a person's
				credential = h.jwt
			}
			got, text := h.send(t, "GET", h.control+u, credential, "")
			if ok = ok || got == 200; got >= 500 {
				t.Errorf("GET %s: got %d %s", u, got, text)
			}
		}
		if !ok && !slices.Contains(emptyHere, path) {
			t.Errorf("GET %s: none of %d requests was answered 200: nothing was seen of it", path, len(urls))
		}
	}
	for _, u := range []string{h.control + "/metrics", h.control + "/healthz", h.gateway + "/_lockage/readyz", h.control + "/nothing", h.gateway + "/nothing"} {
		h.send(t, "GET", u, h.token, "")
	}
}

func concept(path string) string { return strings.Split(path, "/")[2] }

// fillings are what can stand in the place of a parameter, by its name, or by the concept of the path and its name.
func (h *hunt) fillings(t *testing.T, doc *openapi3.T) map[string][]string {
	t.Helper()
	fill := map[string][]string{"environment": {"development", "production"}, "from": {"development"}, "to": {"production"}, "limit": {"100"}}
	for path, item := range doc.Paths.Map() {
		if item.Get == nil || strings.Contains(path, "{") || !strings.HasPrefix(path, "/v1/") {
			continue
		}
		if got, text := h.send(t, "GET", h.control+path, h.token, ""); got == 200 {
			var list struct {
				Data []struct{ ID, Key, Name string }
			}
			_ = json.Unmarshal([]byte(text), &list) // what is no list fills nothing
			for _, d := range list.Data {
				for name, v := range map[string]string{"id": d.ID, "key": d.Key, "secret_id": d.ID} {
					if v != "" {
						fill[concept(path)+" "+name] = append(fill[concept(path)+" "+name], v)
					}
				}
			}
		}
	}
	fill["members id"] = append(fill["members id"], h.member(t))
	fill["admin secret_id"], fill["id"], fill["key"] = fill["secrets id"], []string{"nothing"}, []string{"nothing"}
	return fill
}

// member is the id of who logged in, as their JWT has it.
func (h *hunt) member(t *testing.T) string {
	t.Helper()
	var claims struct{ Sub string }
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(h.jwt, ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil || claims.Sub == "" {
		t.Fatalf("the JWT names nobody: %v", err)
	}
	return claims.Sub
}

// profiles looks into what the runtime tells of this process, goroutines with their arguments included.
func (h *hunt) profiles(t *testing.T) {
	t.Helper()
	for _, p := range pprof.Profiles() {
		for _, form := range []int{0, 1, 2} {
			var dump bytes.Buffer
			if err := p.WriteTo(&dump, form); err != nil {
				t.Fatal(err)
			}
			h.clean(t, fmt.Sprintf("profile %s in form %d", p.Name(), form), dump.Bytes())
		}
	}
}
