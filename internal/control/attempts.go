package control

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The limits on attempts to log in: so many at once, then one in so much time.
const (
	attemptsPerPerson  = 10
	personEvery        = 30 * time.Second
	attemptsPerAddress = 30
	addressEvery       = 5 * time.Second
	attemptsKept       = 50_000 // people and addresses; more at a time are an attack, and the oldest are forgotten
)

// attempts limits how often somebody may try to log in, known or not. It is safe for concurrent use.
type attempts struct {
	mu     sync.Mutex
	people map[string]*tries
	hosts  map[string]*tries
}

type tries struct {
	limiter *rate.Limiter
	refused int // since the last attempt that was let through
}

func newAttempts() *attempts {
	return &attempts{people: map[string]*tries{}, hosts: map[string]*tries{}}
}

// allow counts an attempt. It answers how long to wait before the next when this one is too many, and how many were
// refused of this person since the last that was let through.
func (a *attempts) allow(email, host string, now time.Time) (wait time.Duration, refused int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	person := find(a.people, email, attemptsPerPerson, personEvery, now)
	address := find(a.hosts, host, attemptsPerAddress, addressEvery, now)
	for _, t := range []*tries{person, address} {
		if t.limiter.TokensAt(now) < 1 {
			wait = max(wait, time.Duration((1-t.limiter.TokensAt(now))/float64(t.limiter.Limit())*float64(time.Second)))
		}
	}
	if wait > 0 {
		person.refused++
		return wait, 0
	}
	person.limiter.AllowN(now, 1)
	address.limiter.AllowN(now, 1)
	refused, person.refused = person.refused, 0
	return 0, refused
}

// find looks a counter up or makes one, after forgetting those that are full again.
func find(in map[string]*tries, name string, burst int, every time.Duration, now time.Time) *tries {
	if t, ok := in[name]; ok {
		return t
	}
	if len(in) >= attemptsKept {
		for other, t := range in {
			if t.limiter.TokensAt(now) >= float64(burst) {
				delete(in, other)
			}
		}
		if len(in) >= attemptsKept {
			clear(in)
		}
	}
	t := &tries{limiter: rate.NewLimiter(rate.Every(every), burst)}
	in[name] = t
	return t
}
