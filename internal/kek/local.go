package kek

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/lockage/lockage/internal/secret"
)

// Bytes is the length of a key in a file or a variable.
const Bytes = 32

// ReadFile reads a key file, which the caller wipes. One that others may read is refused: who has it can open every
// value. Where there is no file the error is fs.ErrNotExist.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others (mode %04o); run chmod 600 on it, and change the key if somebody may have read it", path, mode)
	}
	key := make([]byte, Bytes+1)
	n, err := io.ReadFull(f, key)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if n != Bytes {
		clear(key)
		return nil, fmt.Errorf("%s must have exactly %d bytes; restore it from a backup", path, Bytes)
	}
	return key[:Bytes], nil
}

func readFileURL(path string) (opener, error) {
	return func(context.Context, Options) (secret.KEK, error) {
		key, err := ReadFile(path)
		if err != nil {
			return nil, err
		}
		defer clear(key)
		return secret.NewLocalKEK(key)
	}, nil
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// readVariableURL takes the variable out of the environment as soon as it was read: nothing that this process starts or
// dumps later has it. (What the system keeps of how the process was started is out of reach.)
func readVariableURL(name string) (opener, error) {
	if !variableName.MatchString(name) {
		return nil, errors.New("env: must be followed by the name of a variable, not by the key itself")
	}
	return func(_ context.Context, o Options) (secret.KEK, error) {
		key, err := readVariable(name, o)
		if err != nil {
			return nil, err
		}
		defer clear(key)
		return secret.NewLocalKEK(key)
	}, nil
}

// readVariable answers the key in a variable, which the caller wipes.
func readVariable(name string, o Options) ([]byte, error) {
	text, set := o.lookup(name)
	if err := o.unset(name); err != nil {
		return nil, fmt.Errorf("the variable %s cannot be taken out of the environment: %w", name, err)
	}
	if !set || text == "" {
		return nil, fmt.Errorf("the variable %s is not set; it must hold the key, %d bytes in base64 or hex", name, Bytes)
	}
	key := decode(strings.TrimSpace(text))
	if len(key) != Bytes {
		clear(key)
		return nil, fmt.Errorf("the variable %s must hold %d bytes in base64 or hex; openssl rand -base64 %d makes such a key", name, Bytes, Bytes)
	}
	return key, nil
}

// decode reads hex or any of the usual forms of base64. No text of 32 bytes is in two of them: their lengths differ.
func decode(text string) []byte {
	if len(text) == 2*Bytes {
		key, err := hex.DecodeString(text)
		if err != nil {
			return nil
		}
		return key
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	key, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil
	}
	return key
}
