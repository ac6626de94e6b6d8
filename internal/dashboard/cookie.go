package dashboard

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/web"
)

// sessionCookie holds the secret of a session. By its prefix a browser takes it only from this very host, over TLS, for
// all paths; so neither another host of the domain nor whoever sits on the line can put one there.
const sessionCookie = "__Host-lockage-session"

// keep is the cookie of a session, for as long as the session can last.
func keep(secret string, life time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: secret, Path: "/", MaxAge: max(1, int(life/time.Second)),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// forget takes the cookie of a session back.
func forget() *http.Cookie {
	c := keep("", 0)
	c.MaxAge = -1
	return c
}

// begunCookie holds what stands for a password that was shown, while the second factor is asked for, and which ones the
// person has, for the page to ask for. A browser that changes those has the page ask for another, and nothing else.
const begunCookie = "__Host-lockage-begun"

// begunOf is what begun had the browser keep.
func begunOf(r *http.Request) (text string, kinds []string) {
	c, err := r.Cookie(begunCookie)
	if err != nil {
		return "", nil
	}
	text, list, _ := strings.Cut(c.Value, "|")
	return text, strings.Split(list, "|")
}

// begun is the cookie of a login that began, for who has these second factors; "" takes it back.
func begun(text string, kinds ...string) *http.Cookie {
	c := &http.Cookie{
		Name: begunCookie, Value: strings.Join(append([]string{text}, kinds...), "|"), Path: "/", MaxAge: 300, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if text == "" {
		c.MaxAge = -1
	}
	return c
}

// principal is who the request's cookie stands for, asked anew at each request.
func (d *Dashboard) principal(r *http.Request) (access.Principal, error) {
	return web.CookiePrincipal(r, sessionCookie, d.control.AuthenticateCookie)
}

// keeps says whether a browser keeps a cookie that this request's answer sets: it came by TLS, or from the machine the
// server runs on, where browsers do without.
func (d *Dashboard) keeps(r *http.Request) bool {
	if r.TLS != nil || d.secure {
		return true
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return a.IsLoopback()
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
