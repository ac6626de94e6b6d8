package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// probeFormat begins the additional data of what is wrapped only to see whether it can be unwrapped.
var probeFormat = []byte("lockage-probe-1")

// probe is a wrap of nothing that matters.
type probe struct {
	wrapping
	key     []byte
	wrapped []byte
}

// outage is a key that did not answer when it was last asked.
type outage struct {
	kek string
	err error
}

// Try wraps something with the key that the Sealer was made for and unwraps it again: what that key wraps from now on,
// this Sealer opens.
func (s *Sealer) Try(ctx context.Context) error {
	p, err := newProbe(ctx, &wrapping{s.main, s.keks[s.main]})
	if err != nil {
		return err
	}
	return p.ask(ctx)
}

// Probe asks the key that wraps whether it is still there. Until it answers, nothing else asks it: sealing and opening
// with it fail at once with ErrUnreachable, instead of each waiting for as long as it takes to be refused.
func (s *Sealer) Probe(ctx context.Context) error {
	p, w := s.probe.Load(), s.wrap.Load()
	var err error
	if p == nil || p.id != w.id {
		if p, err = newProbe(ctx, w); err == nil {
			s.probe.Store(p)
		}
	}
	if err == nil {
		err = p.ask(ctx)
	}
	switch {
	case err == nil:
		s.down.Store(nil)
	case !errors.Is(ctx.Err(), context.Canceled): // who asked did not simply go away
		if !errors.Is(err, ErrUnreachable) {
			err = fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		s.down.Store(&outage{w.id, err})
	}
	return err
}

func newProbe(ctx context.Context, w *wrapping) (*probe, error) {
	p := &probe{wrapping: *w, key: randomBytes(keyLength)}
	var err error
	p.wrapped, err = p.kek.Wrap(ctx, p.key, probeFormat)
	return p, err
}

func (p *probe) ask(ctx context.Context) error {
	key, err := p.kek.Unwrap(ctx, p.wrapped, probeFormat)
	if err == nil && !bytes.Equal(key, p.key) {
		err = ErrSeal
	}
	return err
}

// reach says that the key of an id is known not to answer.
func (s *Sealer) reach(id string) error {
	if o := s.down.Load(); o != nil && o.kek == id {
		return o.err
	}
	return nil
}
