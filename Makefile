# Cairn. `make run` serves, `make test` tests; both do the set-up they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# `make run ARGS='--listen 127.0.0.1:9000' DATA=dir`
ARGS ?=
DATA ?=
FUZZTIME ?= 20s
# The rclone that the tests run beside Debian's; test/dav names it too
RCLONE := v1.75.1
# Flags for the bench-… targets; `go doc ./test/bench`
BENCH ?=

export CGO_ENABLED = 0
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD = 1
ifneq ($(DATA),)
export CAIRN_DATA := $(abspath $(DATA))
endif

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

# ---- build ---------------------------------------------------------------------------

.PHONY: build
build: bin/cairn ## bin/cairn, with the browser app in it

.PHONY: bin/cairn
bin/cairn: web/dist/index.html | has-go
	go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/cairn

# Folders are listed too: their times tell of files that went away.
web/dist/index.html: node_modules/.package-lock.json web/index.html vite.config.ts tsconfig.json $(shell find web/src web/public)
	npm run --silent build
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json .npmrc | has-node
	npm ci --no-progress
	@touch $@

.PHONY: has-go has-node
has-go:
	@command -v go >/dev/null || { echo 'make: Go is missing: install Go 1.26 or newer from https://go.dev/dl/' >&2; exit 1; }

has-node:
	@{ command -v npm && node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || (+a == 20 && +b >= 19) ? 0 : 1)'; } >/dev/null 2>&1 \
	|| { echo 'make: Node is missing or too old: install Node 20.19 or newer with npm from https://nodejs.org/' >&2; exit 1; }

# ---- run -----------------------------------------------------------------------------

.PHONY: run
run: build ## serve on 127.0.0.1:8080; ARGS='…' adds flags, DATA=… names the folder
	@exec bin/cairn serve $(ARGS)

# ---- test ----------------------------------------------------------------------------

.PHONY: test
test: tools lint build ## everything; installs the Debian packages it needs
	npm test --silent
	go test -count=1 -timeout 15m ./...

.PHONY: check
check: lint ## fast: format, lint, types, unit tests
	npm test --silent
	go test ./cmd/... ./migrations/... ./server/... ./store/... ./web/...

.PHONY: lint
lint: node_modules/.package-lock.json | has-go
	go vet ./...
	go vet -tags bench,cairnfault,soak ./...
	go test -count=1 ./test/lint
	npm run --silent lint
	npm run --silent types

.PHONY: e2e
e2e: tools build ## the black-box tests only: real binary, real clients
	go test -count=1 -timeout 15m $$(go list ./test/... | grep -v /test/lint$$)

.PHONY: bench
bench: build ## benchmarks, as `go test -bench` prints them
	go test -run '^$$' -bench . -benchmem -timeout 1h ./store/... ./server/... ./test/...

measure = go test -count=1 -tags bench -timeout 24h -v ./test/bench -out '$(CURDIR)/test-results/bench' $(BENCH) -run

.PHONY: bench-growth bench-large bench-crowd bench-storage bench-copy bench-peers
bench-growth: build ## cost against 1 k to 1 M files, with a plot; BENCH='…' adds flags to these
	$(measure) '^(TestChecks|TestGrowth)$$'

bench-large: build ## one file of 1, 10 and 50 GiB: speed, CPU, memory, bytes written
	$(measure) '^(TestChecks|TestLarge)$$'

bench-crowd: build ## 64 writers and 64 readers for 10 minutes, every answer checked
	$(measure) '^(TestChecks|TestCrowd)$$'

bench-storage: build ## three Go toolchains, stored, beside plain files, tar.zst and restic
	$(measure) '^(TestChecks|TestStorage)$$'

bench-copy: build ## small requests beside the COPY of a folder of 100,000
	$(measure) '^(TestChecks|TestCopy)$$'

bench-peers: build ## beside nginx, Apache, x/net/webdav and tusd; needs CAIRN_BENCH_TOOLS
	$(measure) '^(TestChecks|TestPeers)$$'

# Each fuzz target below the packages for FUZZTIME: $(call fuzz,packages)
fuzz = found=0; for package in $$(go list $(1)); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    found=1; echo "$$package $$target"; \
	    go test -run '^$$' -timeout 0 -fuzzminimizetime 2s -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done; \
	[ $$found = 1 ] || { echo 'make: no fuzz target found' >&2; exit 1; }

.PHONY: fuzz
fuzz: has-go ## each fuzz target for FUZZTIME (20s)
	@$(call fuzz,./...)

# Command line: FUZZTIME=1m
soak: FUZZTIME = 10m
.PHONY: soak
soak: tools build ## long tests (build tag soak); what strangers send, fuzzed for FUZZTIME (10m)
	CAIRN_SOAK=1 go test -count=1 -tags soak -timeout 6h ./...
	@$(call fuzz,./server/...)

.PHONY: tools
tools: has-go has-node bin/rclone-$(RCLONE)
	@.ci/tools

bin/rclone-$(RCLONE): .ci/rclone.go | has-go
	@echo 'building rclone $(RCLONE), a client of the tests, from the Go module proxy: once, a minute or two'
	@at=$$(mktemp -d); trap 'rm -rf "$$at"' EXIT; cp .ci/rclone.go "$$at"; cd "$$at"; export GOWORK=off; \
	go mod init rclone 2>/dev/null; go mod edit -require github.com/rclone/rclone@$(RCLONE); \
	go build -mod=mod -trimpath -ldflags '-s -w -X github.com/rclone/rclone/fs.Version=$(RCLONE)' -o '$(CURDIR)/$@' .

# ---- keep ----------------------------------------------------------------------------

.PHONY: format
format: node_modules/.package-lock.json | has-go ## format everything
	gofmt -w cmd migrations server store test web
	npm run --silent format

.PHONY: clean
clean: ## remove what was built
	rm -rf bin node_modules test-results
	find web/dist -mindepth 1 ! -name .keep -delete
