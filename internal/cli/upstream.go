package cli

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// upstream plays the provider in a demo: it answers every call, in JSON, with what it received.
type upstream struct {
	address  string
	received atomic.Int64
	server   http.Server
	done     chan error
}

func startUpstream(ctx context.Context) (*upstream, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &upstream{address: "http://" + l.Addr().String(), done: make(chan error, 1)}
	u.server.Handler = http.HandlerFunc(u.answer)
	u.server.ReadHeaderTimeout = 10 * time.Second
	go func() { u.done <- u.server.Serve(l) }()
	return u, nil
}

func (u *upstream) answer(w http.ResponseWriter, r *http.Request) {
	u.received.Add(1)
	w.Header().Set("Content-Type", "application/json")
	_ = encode(w, map[string]any{"method": r.Method, "path": r.URL.RequestURI(), "headers": r.Header})
}

// stop ends it and waits for its end.
func (u *upstream) stop() error {
	err := u.server.Close()
	if served := <-u.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
