# Sallyport: what can be done here. 'make' alone lists it.
GO      ?= go
LINT    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
PACKAGES := postgresql tinyproxy squid openssl mariadb-server slapd ldap-utils 389-ds-base samba-ad-dc samba-ad-provision samba-dsdb-modules gcc libc6-dev unixodbc unixodbc-dev odbc-postgresql odbc-mariadb

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/sallyport
	$(GO) build -trimpath -o bin/sallyport ./cmd/sallyport

odbc: ## build bin/sallyport-odbc, the plugin for ODBC (a C compiler and unixodbc-dev are needed)
	CGO_ENABLED=1 $(GO) build -trimpath -tags odbc -o bin/sallyport-odbc ./cmd/sallyport-odbc

test: targets node ## install what the tests need (Debian), then run all of them
	SALLYPORT_REQUIRE_TARGETS=1 $(GO) test -timeout 18m ./...
	@if printf '#include <sql.h>\n' | $${CC:-cc} -E - >/dev/null 2>&1; then \
	  echo "ODBC: the kit's first tiers through the plugin"; CGO_ENABLED=1 SALLYPORT_REQUIRE_TARGETS=1 $(GO) test -tags odbc -timeout 18m ./cmd/sallyport-odbc/...; \
	else echo "ODBC IS NOT TESTED: no C compiler, or no unixodbc-dev"; fi
	cd test/compat && SALLYPORT_REQUIRE_TARGETS=1 $(GO) test -count=1 -timeout 18m ./node

test-compat: build node ## official clients of Microsoft Graph against a running service (the first build takes some minutes)
	cd test/compat && $(GO) vet ./... && SALLYPORT_BIN=$(CURDIR)/bin/sallyport SALLYPORT_REQUIRE_TARGETS=1 $(GO) test -count=1 -timeout 40m ./...

node: # what the JavaScript client needs, where it is not there already
	@command -v npm >/dev/null || sh test/targets/install.sh nodejs npm

test-connectors: targets ## the whole conformance kit of every connector on every server ('make test' makes a quick form of it)
	SALLYPORT_REQUIRE_TARGETS=1 SALLYPORT_CONNECTORS=full $(GO) test -count=1 -timeout 60m ./host/connector/...
	CGO_ENABLED=1 SALLYPORT_REQUIRE_TARGETS=1 SALLYPORT_CONNECTORS=full $(GO) test -count=1 -tags odbc -run ODBC -timeout 60m ./host/connector/gsql
	CGO_ENABLED=1 SALLYPORT_REQUIRE_TARGETS=1 SALLYPORT_CONNECTORS=full $(GO) test -count=1 -tags odbc -timeout 60m ./cmd/sallyport-odbc/...

targets: ## install the servers the tests talk to: Debian packages, started by nobody
	@sh test/targets/install.sh $(PACKAGES)

check: ## formatting, vet, linters, tidy modules, cross-builds
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "these files are not gofmt'd: run gofmt -w ."; exit 1; }
	$(GO) vet ./...
	$(GO) run $(LINT) run ./...
	$(GO) mod tidy -diff
	$(GO) mod verify
	@for t in windows/amd64 darwin/arm64 linux/arm64; do \
	  echo "build for $$t"; \
	  CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -o /dev/null ./... || exit 1; \
	done

race: targets ## all tests under the race detector (about three times as long)
	SALLYPORT_REQUIRE_TARGETS=1 $(GO) test -race -timeout 40m ./...

fuzz: ## every fuzz target for ten minutes each (FUZZTIME=1m for less)
	sh test/fuzz.sh $(or $(FUZZTIME),10m)

soak: build targets ## kill -9 of every part at random moments on PostgreSQL, ROUNDS=20
	SALLYPORT_REQUIRE_TARGETS=1 SALLYPORT_KILL_ROUNDS=$(or $(ROUNDS),20) $(GO) test -timeout 80m -run 'TestKill' -v ./test/journeys

bench: build targets ## the tables of docs/benchmarks.md
	sh test/bench.sh

.PHONY: help build odbc test test-connectors targets check race fuzz soak bench
