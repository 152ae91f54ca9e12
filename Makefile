# make build   the program, build/postseal
# make check   formatting, vet, staticcheck, govulncheck, all tests (-race) but those with a mail
#              server or a browser
# make test    installs what the tests need, then all tests, with a real Postfix, Sendmail and browser
# make demo    tries it out on this machine: private Postfix, sample mails, portal
# make bench   throughput with and without a milter
# make fuzz    every fuzz target for FUZZTIME (10s)
# make docs    the parts of docs/ that are generated: manual pages, references
# make assets  the portal's bundled scripts, from their npm sources
# make screenshots  every page at two widths, light and dark, in four languages into build/screenshots

GO       ?= go
FUZZTIME ?= 10s
# Packages whose tests need servers of their own, and tests that look at pages in a
# browser: the race detector sees their handlers by other tests.
SERVERS  := ./cmd/postseal/e2e ./cmd/postseal/mta
BROWSER  := ^Test(Browser|Screens|Weight|Keyboard)
UNIT      = $(filter-out $(patsubst ./%,github.com/postseal/postseal/%,$(SERVERS)),$(shell $(GO) list ./...))

.PHONY: build check test test-unit test-e2e fmt vet staticcheck govulncheck demo bench fuzz docs assets screenshots install clean

build:
	$(GO) build -trimpath -o build/postseal ./cmd/postseal

check: fmt vet staticcheck govulncheck install test-unit

fmt:
	@wrong=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$wrong" ]; then echo "gofmt: $$wrong" >&2; exit 1; fi

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) tool staticcheck ./...

# The list of vulnerabilities is fetched from vuln.go.dev. Without a network
# there is nothing to compare with, which is said and is no failure.
govulncheck:
	@if out=$$($(GO) tool govulncheck ./... 2>&1); then echo "$$out"; \
	else echo "$$out"; case "$$out" in *"fetching vulnerabilities"*) echo "govulncheck did not run: no list of vulnerabilities";; *) exit 1;; esac; fi

test-unit:
	$(GO) test -race -shuffle=on -timeout 20m -skip '$(BROWSER)' $(UNIT)

# The servers' tests share ports and two cores: one package after the other.
test-e2e:
	$(GO) test -shuffle=on -timeout 40m -p 1 $(SERVERS)

# Of the rest two run at a time: what compiles, and what waits for a browser, leaves
# a processor to the other.
test: install
	$(GO) test -shuffle=on -timeout 40m -p 2 $(UNIT)
	@$(MAKE) --no-print-directory test-e2e

install:
	.ci/install

demo: build
	.ci/install demo
	build/postseal demo

bench: build
	.ci/install
	$(GO) run ./bench

fuzz:
	@set -e; for p in $$($(GO) list ./...); do \
		dir=$$($(GO) list -f '{{.Dir}}' $$p); \
		for f in $$(cat $$dir/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p'); do \
			echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$p; \
		done; \
	done

docs:
	$(GO) test ./cmd/postseal ./cmd/postseal/config -run 'Manual|Reference' -update

assets:
	$(GO) run ./portal/web/assets

screenshots: install
	$(GO) test ./portal -timeout 90m -run TestScreens -screenshots $(CURDIR)/build/screenshots

clean:
	rm -rf build
