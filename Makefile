# SPDX-License-Identifier: GPL-2.0
#
# The commands for users. module/Kbuild describes the module, which the kernel's own
# build system builds.

KDIR ?= /lib/modules/$(shell uname -r)/build
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/unaccepted

# The flags of a kernel that was built by clang are unknown to gcc.
ifneq ($(shell grep -s '^CONFIG_CC_IS_CLANG=y' $(KDIR)/.config),)
export LLVM ?= 1
endif

all: modules

$(KDIR)/Makefile:
	@echo "No kernel headers at $(KDIR)." >&2
	@echo "Install them (Debian: apt install linux-headers-$$(uname -r)) or set KDIR=/path/to/headers." >&2
	@exit 1

modules modules_install: | $(KDIR)/Makefile
	$(MAKE) -C $(KDIR) M=$(CURDIR)/module $@

# The tool, unacceptedctl; LDFLAGS=-static for a guest without a C library.
CTL := $(wildcard tools/unacceptedctl/*.c)
TOOL ?= build/unacceptedctl
VERSION := $(shell sed -n 's/^.define UA_VERSION "\(.*\)"/\1/p' module/version.h)

tools: $(TOOL)

$(TOOL): $(CTL) $(wildcard tools/unacceptedctl/*.h) module/version.h
	@mkdir -p $(@D)
	$(CC) -O2 -g -Wall -Wextra -D_GNU_SOURCE -DCTL_VERSION='"$(VERSION)"' $(CPPFLAGS) $(CFLAGS) \
		-o $@ $(CTL) $(LDFLAGS)

PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system
DOCDIR ?= $(PREFIX)/share/doc/unacceptedctl
DRGN := $(wildcard tools/drgn/*.py)

# Units and examples name the tool by its path.
install-tools: $(TOOL)
	install -D -m 755 $(TOOL) $(DESTDIR)$(PREFIX)/bin/unacceptedctl
	install -D -m 644 tools/unacceptedctl/unacceptedctl.8 \
		$(DESTDIR)$(PREFIX)/share/man/man8/unacceptedctl.8
	install -D -m 644 tools/unacceptedctl/unacceptedctl.bash-completion \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/unacceptedctl
	install -d $(DESTDIR)$(UNITDIR)
	for unit in tools/unacceptedctl/systemd/*.service; do \
		sed 's#/usr/bin/unacceptedctl#$(PREFIX)/bin/unacceptedctl#' $$unit \
			>$(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	done
	install -D -m 644 tools/unacceptedctl/modprobe.conf $(DESTDIR)$(DOCDIR)/modprobe.conf
	install -D -t $(DESTDIR)$(PREFIX)/share/unaccepted-tools/drgn $(DRGN)
	chmod 644 $(DESTDIR)$(PREFIX)/share/unaccepted-tools/drgn/ua.py

deb:
	scripts/install-deps package
	scripts/package/build-deb

clean: | $(KDIR)/Makefile
	$(MAKE) -C $(KDIR) M=$(CURDIR)/module clean

# What kind of guest the demonstration and the benchmark boot: tdx or snp.
PLATFORM ?= tdx

demo:
	scripts/install-deps testbed
	testbed/demo $(PLATFORM)

check:
	scripts/install-deps testbed check style
	testbed/check

check-all:
	scripts/install-deps testbed check style
	testbed/check --long

check-package:
	scripts/install-deps testbed package userland
	scripts/package/check

check-drgn:
	scripts/install-deps testbed drgn
	selftests/drgn/check

matrix:
	scripts/install-deps testbed
	scripts/build-matrix

compare:
	scripts/install-deps testbed
	bench/compare

bench:
	scripts/install-deps testbed bench
	bench/bench --platform $(PLATFORM)

record:
	scripts/install-deps testbed record
	scripts/record

unit:
	selftests/unit/run

SECONDS ?= 60

fuzz:
	scripts/install-deps fuzz
	selftests/fuzz/run --seconds $(SECONDS)

style:
	scripts/install-deps style
	scripts/style

help:
	@echo 'The module:'
	@echo '  make [KDIR=...]      build module/unaccepted.ko (default: for the running kernel)'
	@echo '  make modules_install install it (as root; then: depmod -a; modprobe unaccepted)'
	@echo '  make clean           remove what was built from module/'
	@echo '  make tools           build the tool, build/unacceptedctl (LDFLAGS=-static: without libc)'
	@echo '  make install-tools   install it, its man page, completion and units (DESTDIR=, PREFIX=/usr/local)'
	@echo '  make deb             Debian packages: build/deb/unaccepted-{dkms,tools}_*.deb'
	@echo
	@echo 'The emulated TDX or SEV-SNP guest (Debian 12 or 13; first run builds QEMU, some minutes):'
	@echo '  make demo            boot a stock Debian kernel, load the module, accept memory (PLATFORM=tdx, snp)'
	@echo '  make check           the tests, in guests and in userspace: what CI runs'
	@echo '  make check-all       these, and what takes many hours'
	@echo '  make check-package   install the packages in Debian 12 and Debian 13, and boot them (downloads 600 MB once)'
	@echo '  make check-drgn      test tools/drgn, on vmcores and live (downloads 700 MB once)'
	@echo '  make compare         the kernel'"'"'s policy beside ours, in one table'
	@echo '  make bench           lazy, eager, and the background acceptor: stalls, speed, boots'
	@echo '  testbed/run --help   boot a guest of your own, also with a shell (testbed/README.md)'
	@echo '  testbed/check --list what runs where; --only NAME runs one guest'
	@echo
	@echo 'For developers:'
	@echo '  make unit            the userspace tests alone'
	@echo '  make fuzz            the fuzzers, each for SECONDS=60'
	@echo '  make record          record the tool in a terminal, for Documentation/images/'
	@echo '  make matrix          build for the 6.12 and 6.1 kernels with gcc and clang, as a table'
	@echo '  make style           checkpatch, sparse, shellcheck and the rules in CONTRIBUTING.md'
	@echo
	@echo 'What is expensive to build is kept in $(CACHE).'

.PHONY: all modules modules_install tools install-tools deb clean demo check check-all check-package check-drgn matrix compare bench record unit fuzz style help
