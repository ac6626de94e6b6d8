package gateway

import (
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/apikey"
)

// tunnel is an upgraded connection that is open. It may last for days, so it is reviewed: it does not outlive the right
// to call.
type tunnel struct {
	digest             apikey.Digest // of the credential
	environment, route string        // ids
	method             string
	source             string // the address it comes from
	close              func()
	ended              atomic.Pointer[Refusal] // why it was closed; nil: it was not
}

// reviewEvery is how long an upgraded connection may outlive the key it was called with, its route or its environment.
const reviewEvery = time.Second

// review closes the open tunnels that could not be called any more.
func (g *Gateway) review() {
	now := g.now()
	for t := range g.open.All() {
		if r := g.engine.again(t.digest, t.source, t.environment, t.route, t.method, now); r != nil {
			if t.ended.CompareAndSwap(nil, r) {
				g.background.Go(t.close) // TLS may wait for a caller that does not read
			}
		}
	}
}
