# make rehearse   rehearse the shipped peak; ARGS="--quick" passes flags on; STACK=containers does it in containers, and
#                 makes their images of the distribution's packages first where Docker is and no image registry answers
# make quick      vet and the tests that need no server, no container, no browser and no patience: about a minute
# make test       vet and every test, on real Postgres and Redis, and in containers where Docker is, with images as above
# make check      what a change must pass: format, vet, linters, tests, fuzzing, most of it the scenario language
# make bench      the ratios the project promises
# make clean      remove leftovers of crashed runs and everything built; recorded runs in out/ stay

export CGO_ENABLED := 0
# For all commands alike: what is compiled for the binary and what for the tests is the same then, and is compiled once.
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)
# Go's own installer leaves it outside of the PATH of a fresh shell.
export PATH := $(PATH):/usr/local/go/bin

VERSION := $(shell git describe --tags --match 'v*' --dirty 2>/dev/null || echo dev)
COMMIT  := $(shell git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# Pinned, and run without being a dependency: the linter has more dependencies than the project.
GOLANGCI    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

TEST_TIMEOUT := 40m
FUZZ_TIME    := 5s
# What people write by hand, and what anybody may send, is fuzzed for longer.
FUZZ_LONG    := 60s
STACK        := auto
ARGS         :=

.PHONY: rehearse quick test check bench clean build setup images format vet lint fuzz

rehearse: build
	@$(if $(filter containers,$(STACK)),.ci/images bin/rehearse)
	@bin/rehearse run stay-launch --stack $(STACK) $(ARGS)

build: setup
	@[ -x bin/rehearse ] || echo "building rehearse: up to some minutes the first time, seconds from then on" >&2
	@go build -ldflags '$(LDFLAGS)' -o bin/rehearse ./cmd/rehearse

setup:
	@.ci/setup

# Without a binary the script builds one as the tests do, so that they have less left to compile.
images: setup
	@.ci/images

quick:
	@go vet ./... && go test -short ./...

# Whole rehearsals come last and by themselves: beside the tests of other packages their latencies are void.
test: images
	@.ci/setup tests
	@go vet ./... && go test -timeout $(TEST_TIMEOUT) $$(go list ./... | grep -v /cmd/) && go test -timeout $(TEST_TIMEOUT) ./cmd/...

check: setup format vet lint test fuzz

format:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not gofmt-clean, run gofmt -w:"; echo "$$unformatted"; exit 1; } >&2

vet:
	@go vet ./...

# The full set needs golangci-lint; where it cannot be built, staticcheck alone still finds the bugs that matter.
lint:
	@if go run $(GOLANGCI) version >/dev/null 2>&1; then go run $(GOLANGCI) run ./...; \
	else echo "golangci-lint cannot be built here; staticcheck alone" >&2; go run $(STATICCHECK) ./...; fi

# Every fuzz target of every package, one after the other: go test takes one at a time. Without a bound it spends its time
# on making inputs smaller, a minute for each; of a run directory a hundred tries take as long.
fuzz:
	@grep -roE --include '*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed -E 's|/[^/]*:func | |' | sort | while read -r package target; do \
		case $$target in FuzzParse*|FuzzSet|FuzzRunDirectory) time=$(FUZZ_LONG);; *) time=$(FUZZ_TIME);; esac; \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $$time -fuzzminimizetime 10x $$package || exit 1; \
	done

# Packages with benchmarks only: the others would print nothing but their name.
bench: build
	@go test -run '^$$' -bench . -benchtime 1x -timeout $(TEST_TIMEOUT) \
		$$(grep -rlE '^func Benchmark' --include '*_test.go' . | xargs -r -n1 dirname | sort -u)

clean:
	@if [ -x bin/rehearse ]; then bin/rehearse clean; fi
	@rm -rf bin
	@find . -name '*.test' -o -name '*.prof' | xargs -r rm -f
