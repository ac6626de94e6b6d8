package server

import (
	"crypto/x509"
	"os"

	"github.com/lockage/lockage/internal/syslog"
	"github.com/lockage/lockage/internal/webhook"
)

// senders are what delivers to receivers that people chose, under the same rules as calls; roots check their
// certificates, nil for the system's.
func (r *Running) senders(c Config, roots *x509.CertPool) (*webhook.Sender, *syslog.Sender, error) {
	w, err := webhook.New(webhook.Config{Allow: allowed(c), Own: r.own, Roots: roots})
	if err != nil {
		return nil, nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "" // messages say that it is not known
	}
	s, err := syslog.New(syslog.Config{Allow: allowed(c), Own: r.own, Roots: roots, Host: host})
	return w, s, err
}
