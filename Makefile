# make run    try it: the playground at http://localhost:8080/play
# make test   every test that the services on this machine allow
# make check  what CI runs, where everything must be there (AKARI_CI=1)
SHELL := /bin/bash
BIN := $(CURDIR)/.cache/bin
GOLANGCI_VERSION := v2.15.0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
# Builds need no C compiler; -race does, so tests with it switch cgo on.
export CGO_ENABLED ?= 0
FUZZTIME ?= 30s
# Tests of several packages share one database server and two cores.
TESTFLAGS ?= -p 2 -timeout 10m

.PHONY: run build test race lint fmt golden fuzz bench check mysql clean kill

run:
	go run . serve

build:
	go build -trimpath -ldflags '$(LDFLAGS)' -o akari .

# PACKAGES leaves some out; CI runs them apart.
PACKAGES ?= ./...
test:
	go test $(TESTFLAGS) $(PACKAGES)

# internal/whole kills real processes and internal/campaign sends by the thousand:
# without the detector, which would slow them down until little happens between two
# kills. SQLite's own code, C made into Go, is not ours to check: with the detector
# in it every statement takes twenty times as long.
race:
	@$(MAKE) --no-print-directory test CGO_ENABLED=1 \
		TESTFLAGS='-race -vet=off -gcflags=modernc.org/sqlite/lib=-race=false -count 1 -p 2 -timeout 25m $(RACEFLAGS)' \
		PACKAGES="$$(go list ./... | grep -vE '/internal/(whole|campaign)$$' | tr '\n' ' ')"

# go vet is in it: golangci-lint's govet.
lint: $(BIN)/golangci-lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'not formatted: make fmt'; exit 1; }
	$< run ./...

$(BIN)/golangci-lint:
	@mkdir -p $(BIN)
	@if command -v golangci-lint >/dev/null && golangci-lint version 2>/dev/null | grep -q 'version v\?$(GOLANGCI_VERSION:v%=%)'; then \
		ln -sf "$$(command -v golangci-lint)" $@; \
	else \
		GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION); \
	fi

fmt:
	gofmt -w $$(git ls-files '*.go')

# Rewrites the golden files; read the difference before committing it.
golden:
	go test ./... -run 'Golden|Zoo|Transcript' -update

# Every fuzz target, one after the other; FUZZTIME=5s in CI.
fuzz:
	@FUZZTIME=$(FUZZTIME) .ci/fuzz

# The load run, whose figures the README quotes, and then every Go benchmark.
bench:
	{ go run ./internal/bench && go test -run '^$$' -bench . -benchmem -p 1 -timeout 60m ./...; } | tee bench.out

# kill -9 in a loop under load: nothing acknowledged is lost, nothing is doubled.
kill:
	AKARI_KILLS=$${AKARI_KILLS:-50} go test -run Kill -count 1 -timeout 20m -v ./internal/whole/

check:
	.ci/check

# A real MySQL in a private root; prints the address to give to the tests.
mysql:
	@.ci/mysql

clean:
	rm -rf akari bench.out
