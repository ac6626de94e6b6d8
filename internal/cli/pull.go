package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// pulled is what a pull did to the files of a folder.
type pulled struct {
	Added     []string `json:"added"`
	Changed   []string `json:"changed"`
	Deleted   []string `json:"deleted"`
	Left      []string `json:"left"` // without a definition, and not deleted
	Unchanged int      `json:"unchanged"`
}

func (p *program) pull() *cobra.Command {
	var environment string
	var prune bool
	cmd := &cobra.Command{
		Use:   "pull [FOLDER]",
		Short: "Write the definitions as YAML files into a folder",
		Long: `Writes each route into routes/KEY.yaml of the folder (default: the one you are in), with
environments and secrets by name: what is saved, and what is live in the first environment; with
--environment what is live in another. In a file that is there already only what differs is changed:
comments and order stay. A file that says the same is not touched.

A file without a route is left, and with --prune deleted.`,
		Example: `  lockage pull definitions
  lockage pull --environment production /tmp/as-in-production`,
		Args: arguments(1, "FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			dir := append(args, ".")[0]
			return p.pullInto(cmd.Context(), c, dir, environment, prune)
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "what is live in this `ENVIRONMENT`, without drafts")
	cmd.Flags().BoolVar(&prune, "prune", false, "delete files whose route is not there")
	p.remote(cmd)
	return cmd
}

func (p *program) pullInto(ctx context.Context, c *client.Client, dir, environment string, prune bool) error {
	// Files that cannot be read refuse the pull before anything is written.
	files, err := readFolder(dir, p.progress("reading"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refusedContent(err)
	}
	live, err := definitions(ctx, c, environment)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, routesFolder), 0o750); err != nil {
		return err
	}
	done := pulled{Added: []string{}, Changed: []string{}, Deleted: []string{}, Left: []string{}}
	there := map[string]*definitionFile{}
	for _, f := range files {
		there[f.key] = f
	}
	progress := p.progress("writing")
	for i, key := range slices.Sorted(maps.Keys(live)) {
		progress(i+1, len(live))
		f := there[key]
		delete(there, key)
		if err := done.put(dir, key, f, live[key]); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(there)) {
		f := there[key]
		if !prune {
			done.Left = append(done.Left, f.path)
			continue
		}
		if err := os.Remove(filepath.Join(dir, f.path)); err != nil {
			return err
		}
		done.Deleted = append(done.Deleted, f.path)
	}
	return p.printPulled(done)
}

// put brings one file up to date.
func (d *pulled) put(dir, key string, f *definitionFile, route content) error {
	if f == nil {
		path := routesFolder + "/" + key + ".yaml"
		text, err := newFile(key, route)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		d.Added = append(d.Added, path)
		return replaceFile(filepath.Join(dir, path), text, 0o644)
	}
	text, err := f.write(route)
	if err != nil {
		return err
	}
	if text == nil {
		d.Unchanged++
		return nil
	}
	path := filepath.Join(dir, f.path)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	d.Changed = append(d.Changed, f.path)
	return replaceFile(path, text, info.Mode().Perm())
}

// replaceFile replaces a file whole, so that a crash leaves the old one or the new one.
func replaceFile(path string, text []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".lockage-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (p *program) printPulled(d pulled) error {
	if p.json {
		return encode(p.out, d)
	}
	for _, part := range []struct {
		what  string
		paths []string
	}{{"added", d.Added}, {"changed", d.Changed}, {"deleted", d.Deleted}} {
		for _, path := range part.paths {
			fmt.Fprintf(p.out, "%s %s\n", part.what, clean(path))
		}
	}
	for _, path := range d.Left {
		p.note("%s has no route: --prune deletes it", clean(path))
	}
	p.note("%s added, %d changed, %d deleted, %d as before",
		count(len(d.Added), "file"), len(d.Changed), len(d.Deleted), d.Unchanged)
	return nil
}

// definitions are the contents of all routes, tidy and by key: what is saved or live in the first environment, or what
// is live in the environment that is named.
func definitions(ctx context.Context, c *client.Client, environment string) (map[string]content, error) {
	live := map[string]content{}
	add := func(key string, v any) error {
		route, isObject := v.(content)
		if !isObject || !keyForm.MatchString(key) {
			return errors.New("the server tells a route in a form this program does not know")
		}
		live[key] = tidy(key, route)
		return nil
	}
	if environment != "" {
		// Against the beginning of its history, everything in the tree is new and told in full.
		d, err := c.Compare(ctx, environment+"@0", environment)
		if err != nil {
			return nil, err
		}
		for _, change := range d.Changes {
			if change.Kind != "route" {
				continue
			}
			if len(change.Edits) != 1 {
				return nil, errors.New("the server does not tell the routes in full")
			}
			if err := add(change.Key, decoded(change.Edits[0].After)); err != nil {
				return nil, err
			}
		}
		return live, nil
	}
	list, err := c.ListEnvironments(ctx)
	if err != nil {
		return nil, err
	}
	first, top := ends(list)
	for r, err := range c.Routes(ctx) {
		if err != nil {
			return nil, err
		}
		if !inWork(r, first) {
			continue
		}
		v, err := ofRoute(r, top)
		if err != nil {
			return nil, err
		}
		if err := add(r.Key, v); err != nil {
			return nil, err
		}
	}
	return live, nil
}

// ends are the names of the lowest environment and the highest.
func ends(list []wire.Environment) (first, top string) {
	if len(list) == 0 {
		return "", ""
	}
	low, high := list[0], list[0]
	for _, e := range list {
		if e.Level < low.Level {
			low = e
		}
		if e.Level > high.Level {
			high = e
		}
	}
	return low.Name, high.Name
}

// inWork says whether a route is one of those a folder holds: saved, or live in the first environment.
func inWork(r wire.Route, first string) bool {
	if r.Draft {
		return !r.DeletionPending
	}
	return slices.ContainsFunc(r.Status, func(s wire.RouteStatus) bool { return s.Environment == first && s.Committed })
}

// ofRoute is a route's content as decoded JSON.
func ofRoute(r wire.Route, top string) (any, error) {
	none := "0s"
	if r.Timeout == nil {
		r.Timeout = &none // null in a body would mean the default
	}
	if r.ActiveEnvironment == top {
		r.ActiveEnvironment = "" // where it is without being said
	}
	raw, err := json.Marshal(map[string]any{
		"name": r.Name, "description": r.Description, "target_url": r.TargetURL, "methods": r.Methods,
		"inject_headers": r.InjectHeaders, "inject_query": r.InjectQuery, "inject_body": r.InjectBody,
		"rate_limit": r.RateLimit, "timeout": r.Timeout, "public": r.Public,
		"client_certificate": r.ClientCertificate, "echo_guard": r.EchoGuard,
		"active_environment": r.ActiveEnvironment, "environments": r.Environments,
	})
	return decoded(raw), err
}
