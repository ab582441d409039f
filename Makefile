# Everything a person or CI does with Nestbox. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
DESTDIR ?=
# Kernels that the VM tests run on: Debian 12's own and the one of bookworm-backports.
KERNELS ?= 6.1 6.12

# The executables.
PROGRAMS := nestbox nestbox-runtime nestbox-registry nestboxd

# Headers and static archives: libseccomp, libcap, libarchive with what its tar and zstd code refers to, and libisal, whose
# static archive is made from its source.
BUILD_PACKAGES := libseccomp-dev libcap-dev libarchive-dev libzstd-dev libacl1-dev libattr1-dev zlib1g-dev \
    libcrypt-dev libisal-dev binutils dpkg-dev nasm xz-utils
# What tests of networks use: namespaces and rules are looked at with ip and nft, and dnsmasq serves names. Those of registries run
# against Debian's, with other clients beside ours; those of quotas make file systems.
TEST_PACKAGES := iproute2 nftables dnsmasq-base util-linux docker-registry skopeo podman buildah docker.io openssl python3 \
    curl e2fsprogs xfsprogs strace criu apparmor
# What makes images from rootfs-fixtures.
FIXTURE_PACKAGES := busybox-static python3 zstd gzip

# Tests find the executables and images by these; they are the same in the VM.
export NESTBOX_BIN := $(CURDIR)/bin
export NESTBOX_FIXTURES := $(CURDIR)/.cache/fixtures
# What kills after the N-th system call; a variable to tests only where it was made.
KILL_WALK := $(CURDIR)/.build/killwalk

.PHONY: help setup build demo fixtures test build-tests unit-test integration-test kill-walk vm-test vm-shell \
	swarm-test checkpoint-test reboot-test conformance start-order fuzz examples bench comparison lint docs \
	manual install uninstall clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 26

setup: ## Install the Debian packages that building and testing need (says which)
	@Tests/Support/packages.sh $(BUILD_PACKAGES) $(FIXTURE_PACKAGES)
	@Sources/CISAL/build-static.sh .cache/isal

build: setup ## Build release executables: bin/nestbox, -runtime, -registry and bin/nestboxd
	@# What the linker reads is no source to SwiftPM.
	@for name in $(PROGRAMS); do \
		[ ! "Sources/$$name/start.order" -nt ".build/release/$$name" ] || rm -f ".build/release/$$name"; \
	done
	swift build -c release --static-swift-stdlib
	@Tests/Checks/early-start.py .build/release
	@mkdir -p bin
	@# Stripped beside and renamed: a container that runs the old file keeps it.
	@for name in $(PROGRAMS); do \
		strip -o "bin/.$$name.new" ".build/release/$$name" && mv "bin/.$$name.new" "bin/$$name"; \
	done
	@ls -l bin

fixtures: setup ## Make the images that tests use from Debian's packages, in .cache/fixtures
	@rootfs-fixtures/all.sh "$(NESTBOX_FIXTURES)"

demo: build ## Build, make an image, run a limited container from it and show what it sees
	@rootfs-fixtures/demo.sh

build-tests: setup
	@# Not --build-tests, which would compile swift-nio once more: tests run the release executable that has it.
	swift build --product nestboxPackageTests

test: build build-tests fixtures unit-test integration-test vm-test ## All tests: unit, integration (as root), in VMs

unit-test: build-tests ## Tests that need no container
	swift test --skip-build --disable-xctest --skip IntegrationTests

integration-test: export NESTBOX_KILL_WALK := $(KILL_WALK)
integration-test: build build-tests fixtures $(KILL_WALK) ## Real containers on this machine, in network namespaces of the tests' own; needs root
	@Tests/Support/packages.sh $(TEST_PACKAGES)
	@# Debian's is too old to know all that Amazon's registry does.
	@command -v aws >/dev/null || python3 -m pip install --quiet awscli
	swift test --skip-build --disable-xctest --filter IntegrationTests

$(KILL_WALK): Tests/KillWalk/killwalk.c
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -o $@ $<

kill-walk: build fixtures $(KILL_WALK) ## kill -9 after each changing system call of each command (WALK="--stride 5 'rm -f'"); an hour
	@Tests/Support/packages.sh $(TEST_PACKAGES)
	Tests/KillWalk/walk.py --tool "$(KILL_WALK)" --bin "$(NESTBOX_BIN)" --fixtures "$(NESTBOX_FIXTURES)" $(WALK)

vm-test: build build-tests fixtures ## Integration tests in VMs with pure cgroup v2 (KERNELS="6.1 6.12")
	@Tests/Support/packages.sh $(TEST_PACKAGES)
	@for kernel in $(KERNELS); do echo "== kernel $$kernel"; Tests/VM/tests.sh run "$$kernel"; done

vm-shell: build fixtures ## A prompt in the VM, with the executables and images (KERNELS' last)
	@Tests/VM/tests.sh shell "$(lastword $(KERNELS))"

swarm-test: build fixtures ## A Docker Swarm of three nodes with nestbox-runtime as default runtime; needs root
	@Tests/Support/packages.sh iproute2 util-linux docker.io procps
	Tests/Swarm/swarm.sh bin/nestbox-runtime

checkpoint-test: build fixtures ## Docker's and containerd's checkpoints with nestbox-runtime, in the VM
	Tests/Engines/checkpoints.sh "$(lastword $(KERNELS))"

reboot-test: build fixtures ## Containers, their systemd unit and the registry's after a reboot of a Debian in the VM
	Tests/VM/reboot.sh

fuzz: setup ## Feed the parsers of what strangers send with libFuzzer (ENTRIES="tar header" FUZZ_SECONDS=600 each)
	NESTBOX_FUZZ=1 swift build --scratch-path .build-fuzz --sanitize=fuzzer --product fuzz
	@Tests/Fuzz/fuzz.sh .build-fuzz/debug/fuzz "$(or $(FUZZ_SECONDS),600)" $(ENTRIES)

examples: build fixtures ## Build and run the packages in Examples, in a network namespace of their own; needs root
	@Tests/Support/packages.sh $(TEST_PACKAGES)
	@Examples/run.sh

bench: build fixtures ## Speed and memory against Docker, Podman, runc, crun and umoci, as ratios
	@Tests/Bench/bench.sh

conformance: build ## The validation suite of opencontainers/runtime-tools, here and in the VM (RUNTIME_TOOLS=a clone of it; RUNTIME=runc)
	@Tests/Support/packages.sh golang-go util-linux python3
	@test -n "$(RUNTIME_TOOLS)" || { echo "error: name a clone of github.com/opencontainers/runtime-tools: \
	make conformance RUNTIME_TOOLS=/path" >&2; exit 1; }
	Tests/Conformance/build.sh "$(RUNTIME_TOOLS)" .cache/conformance
	@runtime="$(or $(RUNTIME),bin/nestbox-runtime)"; status=0; \
	Tests/Conformance/conformance.py --programs .cache/conformance --runtime "$$runtime" || status=$$?; \
	Tests/Conformance/vm.sh .cache/conformance "$$runtime" "$(lastword $(KERNELS))" || status=$$?; \
	exit "$$status"

start-order: build fixtures ## Write down again what a start executes, for the linker; a quarter of an hour
	Tests/StartOrder/order.sh

comparison: build ## Put the table of commands and flags beside Docker's and Podman's into the README
	Tests/Comparison/table.py write bin/nestbox README.md

lint: ## Check formatting, scripts and which module imports which
	@Tests/Support/packages.sh shellcheck
	swift format lint --strict --recursive Package.swift Sources Tests Examples
	Tests/Checks/imports.sh
	shellcheck -x -P SCRIPTDIR .ci/run Sources/*/*.sh rootfs-fixtures/*.sh Tests/*/*.sh Tests/VM/vm Examples/run.sh

docs: setup ## Build the documentation of the Nestbox library
	swift package generate-documentation --target Nestbox --warnings-as-errors

manual: build
	@# swift-argument-parser's plugin would build our executables without the static library: its tool is run instead.
	swift build -c release --static-swift-stdlib --product generate-manual
	@rm -rf .build/manual && mkdir -p .build/manual
	.build/release/generate-manual bin/nestbox --multi-page --output-directory .build/manual

install: build manual ## Install executables, man pages, shell completion and systemd units under PREFIX (/usr/local)
	install -D -m 755 -t "$(DESTDIR)$(PREFIX)/bin" $(PROGRAMS:%=bin/%)
	@Tests/Support/install-extras.sh install bin/nestbox .build/manual "$(DESTDIR)$(PREFIX)" "$(PREFIX)"

uninstall: ## Remove what install put there
	rm -f $(PROGRAMS:%="$(DESTDIR)$(PREFIX)/bin/%")
	@Tests/Support/install-extras.sh uninstall "$(DESTDIR)$(PREFIX)"

clean: ## Remove what was built; keeps downloads (.cache)
	rm -rf .build bin
