# The commands of this repository. `make run` and `make test` need Go and make, nothing else.

GO ?= go

# Packages whose tests have an -update flag, for those named TestGolden…: the others would refuse it.
GOLDEN = $(sort $(dir $(shell grep -rl --include='*_test.go' 'flag.Bool."update"' . )))

# Packages in which goroutines share much: the race detector pays there.
RACE := ./internal/gateway/... ./internal/snapshot/... ./internal/server/... ./internal/oauth/... ./internal/secret/...

# Which tests of internal/control `make race` runs, a regular expression: all of them take minutes.
RACECONTROL ?= .

# How long `make fuzz` stays with each target: inputs (50000x), or a time (30s), at whose end go test now and then fails
# with "context deadline exceeded" though nothing was found (golang/go#75804).
FUZZTIME ?= 50000x

# The measurements that `make bench` runs.
BENCH ?= .

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/lockage
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/lockage ./cmd/lockage

.PHONY: run
run: build ## build, then serve a demo with a temporary store
	./bin/lockage demo

.PHONY: test
test: ## run every test; without PostgreSQL its half is skipped
	$(GO) test -timeout 20m ./...

.PHONY: race
race: ## run the tests of the concurrent packages under the race detector (needs a C compiler)
	CGO_ENABLED=1 LOCKAGE_TEST_ENGINES=sqlite $(GO) test -race -shuffle on -timeout 20m $(RACE)
	CGO_ENABLED=1 LOCKAGE_TEST_ENGINES=sqlite $(GO) test -race -shuffle on -timeout 20m -run '$(RACECONTROL)' ./internal/control/...

.PHONY: lint
lint: ## check formatting, pages, vet, staticcheck and go.mod
	@unformatted=$$($(GO) tool gofumpt -l .) || exit 1; \
	if [ -n "$$unformatted" ]; then echo "not formatted; run: go tool gofumpt -w ."; echo "$$unformatted"; exit 1; fi
	@$(GO) tool templ generate -check -path internal/dashboard -log-level error || \
		{ echo "what is generated of the pages is not up to date; run: make templ"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

.PHONY: templ
templ: ## generate the Go of the pages (internal/dashboard/**/*.templ)
	$(GO) tool templ generate -path internal/dashboard

.PHONY: golden
golden: ## refresh the goldens; read the difference as you read code
	$(if $(GOLDEN),$(GO) test $(GOLDEN) -run Golden -update,@echo "no package has goldens")

.PHONY: fuzz
fuzz: ## stay FUZZTIME (50000x) with each fuzz target of each package
	@targets=$$($(GO) test -list '^Fuzz' ./...) || { echo "$$targets"; exit 1; }; \
	echo "$$targets" | awk '/^Fuzz/ { name[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, name[i]; n = 0 }' | \
	while read -r package name; do \
		echo "$$package $$name"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package" </dev/null || exit 1; \
	done

.PHONY: bench
bench: ## measure; BENCH names the benchmarks, as a regular expression
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m ./...

.PHONY: clean
clean: ## remove what make builds, and the test cache
	rm -rf bin
	$(GO) clean -testcache
