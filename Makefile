# Targets for people; `make help` lists them.

# Two build flavours, no more: without cgo for what is shipped and for the demo, and the race
# detector (which needs cgo) for the tests, their child processes included.
export GOFLAGS := -buildvcs=false
SHIP := CGO_ENABLED=0
TEST := CGO_ENABLED=1
TAGS := -tags faultpoints
# SQLite itself is C made into Go, with its memory outside of Go's: the race detector in it takes half
# of the tests' time. All else is looked at, SQLite's driver and libc included.
NORACE := -gcflags=modernc.org/sqlite/lib=-race=false
TOOL := go tool -modfile=tools/go.mod

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: demo
demo: ## run Caddy, the module and both simulators, to click through
	@echo "The first build takes some minutes; later ones take seconds."
	@$(SHIP) go run ./cmd/demo

.PHONY: build
build: ## build Caddy with the module into ./caddy
	$(SHIP) go build -trimpath -ldflags '-w -s' -o caddy ./cmd/caddy

.PHONY: test
test: deps lint race once ## everything: vet, lint, tests with the race detector, browser tests, the demo

.PHONY: deps
deps: ## install what the tests need (gcc, Chromium, axe-core), or say what to run
	@tools/deps.sh

.PHONY: lint
lint: ## format, vet, staticcheck
	@test -z "$$($(SHIP) $(TOOL) gofumpt -l . | tee /dev/stderr)" || { echo "run: make fmt"; exit 1; }
	$(SHIP) go vet $(TAGS) ./...
	$(SHIP) $(TOOL) staticcheck $(TAGS) ./...

.PHONY: fmt
fmt: ## format
	$(SHIP) $(TOOL) gofumpt -w .

.PHONY: race
race: ## all tests, with the race detector
	$(TEST) go test -race $(NORACE) $(TAGS) -timeout 20m ./...

.PHONY: once
once: ## the demo by itself: exits 0 only if all sides agree
	$(SHIP) go run ./cmd/demo -once

.PHONY: bench
bench: ## the benchmarks behind docs/performance.md
	$(SHIP) go test -run '^$$' -bench . -benchmem ./...
