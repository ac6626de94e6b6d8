package control

import (
	"context"

	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/mask"
	"github.com/lockage/lockage/internal/route"
)

// masker makes what masks in an environment. Its key is derived from the pepper, which lies outside the database, so that
// whoever has a copy of that cannot find out by trying what a mask stands for; and with the environment in it, masks of two
// environments have nothing to do with each other.
func (c *Control) masker(account, environmentID string, rules mask.Rules) *mask.Masker {
	key := c.digester.Sum("lockage obfuscation\x00" + account + "\x00" + environmentID)
	return mask.New(key[:], rules)
}

// shown turns calls into what people may see of them. Everything that lets people look at calls passes through here: the
// list, one call, the stream, replays and exports. Nothing else decides what is hidden. What is revealed to who looks
// stays as it is; only one call at a time can be.
func (v *visit) shown(ctx context.Context, calls ...*CallDetail) error {
	masks := map[string]*mask.Masker{} // by environment
	var rules *mask.Rules
	for _, c := range calls {
		if !c.RevealedUntil.IsZero() {
			continue
		}
		e, ok := v.pipeline.Find(c.EnvironmentID)
		if !ok { // it was deleted meanwhile: what it wanted hidden is not known any more
			e = environment.Environment{ObfuscateCustomerData: true}
		}
		if c.ContentsHidden = !e.ShowMessageContents; c.ContentsHidden {
			c.Content = nil
		}
		if !e.ObfuscateCustomerData {
			continue
		}
		if rules == nil {
			a, err := v.AccountSettings(ctx)
			if err != nil {
				return err
			}
			rules = &a.Obfuscation
		}
		m := masks[c.EnvironmentID]
		if m == nil {
			m = v.masker(v.Account(), c.EnvironmentID, *rules)
			masks[c.EnvironmentID] = m
		}
		c.obfuscate(m)
	}
	return nil
}

// obfuscate masks what the caller and the upstream wrote. Ids of ours, times, sizes and statuses are nobody's data.
func (d *CallDetail) obfuscate(m *mask.Masker) {
	replace := func(s *string, masked string) {
		d.Obfuscated = d.Obfuscated || masked != *s
		*s = masked
	}
	path := d.Path
	replace(&d.Path, m.Path(path))
	if len(path) >= route.MaxRecordedPath { // what is left of its last segment may be half of an address
		replace(&d.Path, mask.CutPath(d.Path))
	}
	if d.Content == nil {
		return
	}
	content := *d.Content // what was read is not ours to change
	d.Content = &content
	replace(&content.Query, m.Query(content.Query))
	for _, headers := range []*[]route.HeaderField{&content.RequestHeaders, &content.ResponseHeaders} {
		masked := make([]route.HeaderField, len(*headers))
		for i, h := range *headers {
			masked[i] = h
			replace(&masked[i].Name, m.Text(h.Name))
			replace(&masked[i].Value, m.Field(h.Name, h.Value))
		}
		*headers = masked
	}
	for _, body := range []*route.Body{&content.RequestBody, &content.ResponseBody} {
		bytes, readable := m.Body(body.Type, body.Bytes, body.Truncated)
		d.Obfuscated = d.Obfuscated || !readable || string(bytes) != string(body.Bytes)
		if body.Bytes = bytes; !readable {
			body.Bytes, body.Omitted = nil, route.OmittedMasked
		}
	}
}
