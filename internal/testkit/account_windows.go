package testkit

import "os/exec"

// account stands for the user a cluster runs as; the kit starts none on Windows.
type account struct{}

func unprivileged() (*account, error) {
	return nil, &missingError{"the kit starts no server on Windows"}
}

func (*account) command(_, name string, arguments ...string) *exec.Cmd {
	return exec.Command(name, arguments...)
}

func folder(*account) (string, error) { return "", nil }
