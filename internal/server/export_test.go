package server

import (
	"context"
	"crypto/x509"
	"log/slog"
	"time"
)

// StartTrusting is Start with the authorities that the receiver of checkpoints is checked with.
func StartTrusting(ctx context.Context, c Config, logger *slog.Logger, roots *x509.CertPool) (*Running, error) {
	return start(ctx, c, logger, roots, watchEvery)
}

// StartWatching is Start of a server that looks at alerts so often.
func StartWatching(ctx context.Context, c Config, logger *slog.Logger, every time.Duration) (*Running, error) {
	return start(ctx, c, logger, nil, every)
}
