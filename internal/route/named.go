package route

// Named is the route with environments by their names in place of their ids, as people see content; what names an
// environment that n does not know is left out. It is for showing, not for storing.
func (r Route) Named(n Names) Route {
	r.ActiveEnvironment = n.Name(r.ActiveEnvironment)
	overlays := make(map[string]Overlay, len(r.Environments))
	for id, o := range r.Environments {
		if name := n.Name(id); name != "" {
			overlays[name] = o
		}
	}
	r.Environments = overlays
	if len(overlays) == 0 {
		r.Environments = nil
	}
	return r
}
