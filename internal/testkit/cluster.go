package testkit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// cluster is a PostgreSQL server of our own in a temporary folder. It listens on a socket in that folder and nowhere
// else: no port can be taken by another process first, and nobody but its user and root can reach a server that trusts
// everyone.
type cluster struct {
	dir  string
	cmd  *exec.Cmd
	life io.Closer     // as long as it is open, the server runs
	done chan struct{} // closed when nobody writes to the server's log any more
}

// settings make the server fast and small. Nothing in it outlives the tests, so nothing is made safe on disk, and
// several such servers share a small machine.
var settings = []string{
	"fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
	"shared_buffers=16MB", "max_connections=50", "max_parallel_workers_per_gather=0", "max_logical_replication_workers=0",
	"autovacuum=off", "jit=off", "checkpoint_timeout=1h", "listen_addresses=", "port=5432", "logging_collector=off",
	// A quarter of an hour off from everyone's: a time stored without its zone comes back wrong.
	"timezone=<+0545>-05:45",
}

// watchdog runs the server as its child until standard input ends, then ends it without ceremony and removes its
// folder. The system closes our end of that pipe however this process goes, even when it is killed; that works alike
// on Linux and macOS, where a signal at the parent's death is known to Linux only and there to the starting thread.
// The server itself is run, not pg_ctl, which would let go of it.
const watchdog = `dir=$1; shift
"$@" &
exec 2>/dev/null
read -r line
kill -QUIT $!
wait $!
rm -rf -- "$dir" || :`

// ready is the line of the server's log that says it accepts connections.
const ready = "database system is ready to accept connections"

// startCluster makes a cluster and answers when it accepts connections. A *missingError says what this machine lacks.
func startCluster() (_ *cluster, err error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	user, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := folder(user)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	data := filepath.Join(dir, "data")
	initdb := user.command(dir, filepath.Join(programs, "initdb"), "-D", data, "-U", "postgres",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	arguments := []string{"-c", watchdog, "watchdog", dir, filepath.Join(programs, "postgres"), "-D", data}
	for _, s := range append(settings, "unix_socket_directories="+dir) {
		arguments = append(arguments, "-c", s)
	}
	c := &cluster{dir: dir, cmd: user.command(dir, "/bin/sh", arguments...), done: make(chan struct{})}
	if c.life, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err = c.cmd.Start(); err != nil {
		return nil, err
	}
	log := bufio.NewReader(stderr)
	if err = waitFor(log, ready); err != nil {
		close(c.done)
		return nil, errors.Join(err, c.stop())
	}
	go func() {
		defer close(c.done)
		_, _ = io.Copy(io.Discard, log) // statements that tests mean to fail fill it
	}()
	return c, nil
}

// url is the superuser's.
func (c *cluster) url() *url.URL {
	query := url.Values{"host": {c.dir}, "port": {"5432"}, "sslmode": {"disable"}}
	return &url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()}
}

// stop ends the server and answers when both it and its folder are gone.
func (c *cluster) stop() error {
	err := c.life.Close()
	<-c.done // before Wait, which closes the log
	err = errors.Join(err, c.cmd.Wait())
	return errors.Join(err, os.RemoveAll(c.dir)) // the watchdog may lack the right to remove it from its parent
}

// waitFor reads lines until one contains text; the error is all it read.
func waitFor(log *bufio.Reader, text string) error {
	var read strings.Builder
	for {
		line, err := log.ReadString('\n')
		read.WriteString(line)
		if strings.Contains(line, text) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the server ended before it was ready:\n%s", read.String())
		}
	}
}
