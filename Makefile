# SPDX-License-Identifier: GPL-2.0
#
# The front door: every verb a person needs; `make help` lists them.  The work is
# done by the scripts in qemu/ and tests/; the module itself is described in Kbuild.

MAKEFLAGS += --no-print-directory
export KDIR W C V CLIPPY

.DEFAULT_GOAL := modules
.PHONY: help modules run shell guest test selftests faults fuzz test-nic test-debug test-env mutants check bench soak clean distclean-cache

help:
	@echo 'Building'
	@echo '  make                 the module, build/e1000_rust.ko, for the stock Debian 7.3 kernel'
	@echo '  make KDIR=<tree>     the same for a 7.3 kernel tree with Rust metadata, with its own compilers'
	@echo '  make clean           remove build/'
	@echo '  make distclean-cache remove the cache: toolchain root, kernels, guests'
	@echo 'Running'
	@echo '  make run             boot the stock kernel in QEMU, load the module, prove that it carries traffic'
	@echo '  make shell           the same guest with an interactive shell'
	@echo '  make guest SCRIPT=f  run a script in the guest; all settings: qemu/guest --help'
	@echo 'Proving'
	@echo '  make test            the tests, some on a debug kernel, too; and the names of those too long for every day'
	@echo '  make selftests       the kernel'\''s own selftests for network drivers, all of them'
	@echo '  make faults          the driver on a NIC that lies, fault by fault'
	@echo '  make fuzz            ten million descriptors of a NIC that lies at random; a seed that failed is repeated'
	@echo '  make test-nic        the tests on that NIC while it tells the truth'
	@echo '  make test-debug      the tests on a debug kernel (KASAN, lockdep, DMA API debug)'
	@echo '  make test-env        tests of traffic behind an IOMMU, with bounced buffers, above 4 GiB, on 4 processors;'
	@echo '                       LONG=1 for all tests of the guest'
	@echo '  make mutants         the driver broken line by line: each suite must notice'
	@echo '  make check           lints: no unsafe, rustfmt, clippy, checkpatch, W=1'
	@echo '  make bench           performance figures, beside those of the C driver'
	@echo '  make soak            long runs under load'
	@echo 'Settings: E1000_RUST_CACHE=<dir>, E1000_RUST_MIRROR=<Debian archive>, E1000_RUST_KEYRING=<its key>, ACCEL=tcg|kvm'

modules:
	@qemu/build.sh

# What MODULE= names need not be the module of this tree.
run shell guest: $(if $(MODULE),,modules)

run:
	@qemu/run.sh

shell:
	@SHELL_MODE=1 qemu/guest

guest:
	@qemu/guest

check:
	@qemu/check.sh

test: modules
	@tests/all

selftests: modules
	@tests/selftests/run

faults: modules
	@tests/run 'faults-*'

fuzz: modules
	@tests/faults/run fuzz DESCRIPTORS=10000000

test-nic: modules
	@tests/nic/guests

test-debug:
	@tests/debug

test-env: modules
	@tests/environments

mutants:
	@tests/mutants

bench: modules
	@tests/bench

soak: modules
	@tests/soak

# Also what a build inside the source tree leaves behind.
clean:
	rm -rf build
	find . -maxdepth 1 \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '*.cmd' \
		-o -name modules.order -o -name Module.symvers \) -delete
	find hw drivers \( -name '*.o' -o -name '*.cmd' -o -name '*_generated.rs' \) -delete

distclean-cache:
	@qemu/clean-cache.sh
