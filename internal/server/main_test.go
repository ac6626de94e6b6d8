package server_test

import (
	"testing"

	"github.com/lockage/lockage/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
