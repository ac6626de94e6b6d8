package dashboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/dashboard/part/frame"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// Page is a line of the table. It is written without field names, so that a line which does not say what it decides does
// not compile.
type Page struct {
	Method, Path string
	Action       access.Action // what is decided; of an open page, what the audit log calls it
	Back         string        // of a form: the page it stands on
}

// visit is one request on its way through a page.
type visit struct {
	who      access.Principal  // zero on an open page
	accounts []control.Account // those the person belongs to
	r        *http.Request
	line     Page
	again    string // where somebody comes back to who has to show first who they are; "": to the page
}

// answer is what comes of a visit: a page, or the way to another one.
type answer struct {
	title   string
	status  int // of a page; 0: 200
	script  string
	body    templ.Component
	data    []byte         // in place of a page: JSON for a script of ours
	failure error          // what the page tells of, for the log and for when to try again
	to      string         // where the browser goes on; "": nowhere
	onward  string         // where it goes from the page by itself, which may be another site; "": nowhere
	cookies []*http.Cookie // what it is to keep, or forget
}

type handler func(ctx context.Context, v *visit) (answer, error)

// goOn sends the browser to a page of ours, where word is said of what was done; "": nothing.
func goOn(to string, word flash) answer {
	a := answer{to: to}
	if word != "" {
		a.cookies = append(a.cookies, word.cookie())
	}
	return a
}

// page registers a page for who is logged in.
func (d *Dashboard) page(line Page, h handler) { d.register(line, h, true) }

// open registers a page that asks for no session.
func (d *Dashboard) open(line Page, h handler) { d.register(line, h, false) }

func (d *Dashboard) register(line Page, h handler, session bool) {
	if _, known := line.Action.Scope(); !known {
		d.problems = append(d.problems, fmt.Errorf("dashboard: %s %s decides %q, which is no action of package access", line.Method, line.Path, line.Action))
	}
	d.pages = append(d.pages, line)
	d.mux.HandleFunc(line.Method+" "+line.Path, func(w http.ResponseWriter, r *http.Request) {
		v := &visit{r: r, line: line}
		if session {
			var err error
			if v.who, err = d.principal(r); fault.Is(err, fault.Unauthenticated) {
				d.send(w, r, nil, d.toLogin(v))
				return
			} else if err != nil {
				d.refuse(w, r, err)
				return
			}
			if v.accounts, err = d.control.ListAccounts(r.Context(), v.who); err != nil {
				d.refuse(w, r, err)
				return
			}
		}
		a, err := h(r.Context(), v)
		if refusal := errors.Join(err, a.failure); refusal != nil && line.Method != http.MethodGet {
			d.control.RecordRefused(r.Context(), v.who, line.Method+" "+line.Path, refusal)
		}
		if wantsProof(err) || wantsProof(a.failure) {
			a, err = v.toProve(), nil
		}
		if err != nil {
			d.refuse(w, r, err)
			return
		}
		d.send(w, r, v, a)
	})
}

// wantsProof says whether something is allowed after a fresh proof of who asks.
func wantsProof(err error) bool {
	var e *fault.Error
	return errors.As(err, &e) && e.StepUp
}

// toProve asks for a fresh proof, from which the way leads back.
func (v *visit) toProve() answer {
	return goOn("/prove?next="+url.QueryEscape(localPath(cmp.Or(v.again, v.line.Back, v.r.URL.RequestURI()))), "")
}

// toLogin asks for a login, from which the way leads back.
func (d *Dashboard) toLogin(v *visit) answer {
	a := goOn("/login?next="+url.QueryEscape(localPath(cmp.Or(v.line.Back, v.r.URL.RequestURI()))), "")
	if _, err := v.r.Cookie(sessionCookie); err == nil {
		a.cookies = append(a.cookies, forget(), sessionOver.cookie())
	}
	return a
}

// send answers what came of a visit; nil where nobody is known.
func (d *Dashboard) send(w http.ResponseWriter, r *http.Request, v *visit, a answer) {
	for _, c := range a.cookies {
		http.SetCookie(w, c)
	}
	if a.to != "" {
		w.Header().Set("Location", a.to)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	if a.data != nil {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(a.data) // whoever does not take it all went away
		return
	}
	if a.failure != nil {
		e := web.Explain(r.Context(), a.failure)
		a.status = web.Status(e.Kind)
		retryAfter(w, e)
	}
	if a.onward != "" {
		w.Header().Set("Refresh", "0; url="+a.onward)
	}
	word := takeFlash(w, r)
	document := frame.Document{Title: a.title, Sheet: d.sheet, Script: a.script, Person: person(v)}
	b := web.NewBuffer(w)
	b.Header().Set("Content-Type", "text/html; charset=utf-8")
	b.WriteHeader(max(a.status, http.StatusOK))
	if err := whole(document, word.text(), a.body).Render(r.Context(), b); err != nil {
		panic(fmt.Errorf("drawing %s: %w", r.Pattern, err)) // which the front answers as an internal error
	}
	b.Send()
}

// person is who the frame says is logged in.
func person(v *visit) *frame.Person {
	if v == nil || v.who.ID == "" {
		return nil
	}
	p := &frame.Person{Email: v.who.Name, Account: v.accountName(v.who.Account), Several: len(v.accounts) > 1}
	for _, l := range []frame.Link{{Path: "/", Text: "Home"}, {Path: "/security", Text: "Security"}, {Path: "/sessions", Text: "Sessions"}} {
		l.Current = section(v.r.URL.Path) == l.Path
		p.Links = append(p.Links, l)
	}
	return p
}

// section is the page of the frame's bar that a path belongs to.
func section(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "password", "prove":
		return "/security"
	default:
		return "/" + first
	}
}

// accountName is what an account of the person's is called.
func (v *visit) accountName(id string) string {
	i := slices.IndexFunc(v.accounts, func(a control.Account) bool { return a.ID == id })
	if i < 0 {
		return ""
	}
	return v.accounts[i].Name
}

// form is what was sent with a form, which has these fields and no others, each once.
func (v *visit) form(names ...string) (map[string]string, error) {
	body, err := web.ReadBody(v.r)
	if err != nil {
		return nil, err
	}
	kind, _, _ := strings.Cut(v.r.Header.Get("Content-Type"), ";")
	if len(body) > 0 && !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, fault.New(fault.Invalid, "send what the page's form sends")
	}
	sent, err := url.ParseQuery(string(body))
	clear(body)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the form arrived broken; send it again")
	}
	values := map[string]string{}
	for name, list := range sent {
		if !slices.Contains(names, name) || len(list) != 1 || !utf8.ValidString(list[0]) || strings.ContainsRune(list[0], 0) {
			return nil, fault.New(fault.Invalid, "send what the page's form sends, and text only")
		}
		values[name] = list[0]
	}
	return values, nil
}

func retryAfter(w http.ResponseWriter, e *fault.Error) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
}
