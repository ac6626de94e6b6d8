package testkit

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// missingError is something this machine would have to offer for a cluster to start.
type missingError struct{ what string }

func (e *missingError) Error() string { return e.what + "; " + install }

// places are the folders in which distributions keep the programs of PostgreSQL's servers. Debian keeps them out of
// the path.
var places = []string{
	"/usr/lib/postgresql/*/bin",            // Debian, Ubuntu
	"/usr/pgsql-*/bin",                     // Red Hat
	"/usr/local/pgsql/bin",                 // built from source
	"/opt/homebrew/opt/postgresql*/bin",    // macOS on ARM
	"/usr/local/opt/postgresql*/bin",       // macOS on Intel
	"/opt/local/lib/postgresql*/bin",       // MacPorts
	"/usr/libexec/postgresql*",             // Alpine
	"/Applications/Postgres.app/*/*/*/bin", // Postgres.app
}

// findPrograms answers the folder with initdb and postgres: the one of the path, else the newest in the first of the
// places that has any.
func findPrograms() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil && complete(filepath.Dir(initdb)) {
			return filepath.Dir(initdb), nil
		}
	}
	for _, place := range places {
		folders, err := filepath.Glob(place)
		if err != nil {
			return "", err
		}
		for _, folder := range newestFirst(folders) {
			if complete(folder) {
				return folder, nil
			}
		}
	}
	return "", &missingError{"no initdb and postgres on this machine"}
}

// complete says whether a folder has the programs a cluster needs.
func complete(folder string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

var number = regexp.MustCompile(`\d+`)

// newestFirst orders folders by the version numbers in their names, so that 15 comes before 9.6.
func newestFirst(folders []string) []string {
	version := func(folder string) (parts []int) {
		for _, digits := range number.FindAllString(folder, -1) {
			if n, err := strconv.Atoi(digits); err == nil {
				parts = append(parts, n)
			}
		}
		return parts
	}
	return slices.SortedFunc(slices.Values(folders), func(a, b string) int {
		return cmp.Or(slices.Compare(version(b), version(a)), cmp.Compare(b, a))
	})
}
