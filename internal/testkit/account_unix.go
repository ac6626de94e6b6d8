//go:build unix

package testkit

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the system's user a cluster runs as; nil is the user of this process.
type account struct{ uid, gid int }

// unprivileged answers who is to run the cluster. PostgreSQL refuses to run as root, so root hands it to another.
func unprivileged() (*account, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, err
		}
		return &account{uid, gid}, nil
	}
	return nil, &missingError{"the tests run as root and there is no user postgres or nobody to run a server"}
}

// command prepares a program to run as the account in dir, in a session of its own: an interrupt typed at the terminal
// is for the test process, which takes the cluster along. The variables of the caller that begin with PG would change
// what PostgreSQL's programs do, so they get none but the path.
func (a *account) command(dir, name string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(name, arguments...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// folder makes a temporary folder that belongs to the account. The usual place may be closed to it, or too deep for
// the name of a socket, which has room for about a hundred characters.
func folder(a *account) (string, error) {
	base := os.TempDir()
	if len(base) > 60 || a != nil && !open(base) {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "lockage-postgres-")
	if err != nil || a == nil {
		return dir, err
	}
	return dir, os.Chown(dir, a.uid, a.gid)
}

// open says whether every user can reach what lies below dir.
func open(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}
