#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# `make check`: everything that can be said about the source without running it.
# Any message of any tool is a failure.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

FAILED=0
WORK=$TOP/build/check.$$
LOG=$WORK/log

# verdict NAME STATUS: what it printed to LOG, if anything, is the failure.
verdict() {
	if [ "$2" -eq 0 ] && [ ! -s "$LOG" ]; then
		printf 'ok      %s\n' "$1"
	else
		printf 'FAILED  %s\n' "$1"
		sed 's/^/        /' "$LOG" | head -n 100
		FAILED=$((FAILED + 1))
	fi
}

rust_files() { find "$TOP/hw" "$TOP/drivers" "$TOP/tests" -name target -prune -o -name '*.rs' ! -name '*_generated.rs' -print 2>/dev/null | sort; }
c_files() { find "$TOP/drivers" -name '*.[ch]' ! -name '*.mod.c' 2>/dev/null | sort; }

# The word may stand only in the attributes that forbid it.
no_unsafe() {
	if grep -rnwE 'unsafe' --include='*.rs' "$TOP/hw" "$TOP/drivers/e1000" | grep -vE '(unsafe_code|unsafe_op_in_unsafe_fn)'; then
		return 1
	fi
	if grep -rnw 'bindings' --include='*.rs' "$TOP/hw"; then
		return 1
	fi
}

format() {
	local files
	mapfile -t files < <(rust_files | sed "s,^$TOP/,/src/,")
	[ ${#files[@]} -eq 0 ] ||
		in_root "$ROOT" "$KERNEL/source:/kernel/source:ro" "$TOP:/src:ro" -- \
			rustfmt --color never --check --edition 2021 --config-path /kernel/source/.rustfmt.toml "${files[@]}" 2>&1
}

# The build's own lines (RUSTC, LD...) are no messages.
build_quietly() {
	local out=$WORK/build
	rm -rf "$out"
	BUILD_DIR=$out "$QEMU_DIR/build.sh" "$@" 2>&1 |
		grep -vE '^ *(RUSTC|BINDGEN|CC|LD|AS|AR|MODPOST|UPD|GEN|CLIPPY|HOSTCC|EXPORTS|CHECK)\b|^make(\[[0-9]+\])?: (Entering|Leaving)' || true
	[ -e "$out/e1000_rust.ko" ] || echo "the build made no module"
}

style() {
	local files
	mapfile -t files < <(c_files | sed "s,^$TOP/,/src/,")
	[ ${#files[@]} -eq 0 ] ||
		in_root "$ROOT" "$KERNEL/source:/kernel/source:ro" "$TOP:/src:ro" -- \
			perl /kernel/source/scripts/checkpatch.pl --root=/kernel/source --no-tree --strict --terse \
			--no-summary --quiet --ignore=FILE_PATH_CHANGES,LINUX_VERSION_CODE -f "${files[@]}" 2>&1
}

scripts() {
	local file files=()
	while IFS= read -r file; do
		case $(head -n 1 "$file") in '#!/bin/sh' | '#!/bin/bash' | '#!/bin/dash') files+=("/src/${file#"$TOP/"}") ;; esac
	done < <(find "$TOP/qemu" "$TOP/tests" "$TOP/.ci" -name target -prune -o -type f -print | sort)
	in_root "$ROOT" "$TOP:/src:ro" -- shellcheck -x -P /src/qemu "${files[@]}"
	python3 - "$TOP/qemu" "$TOP/tests" <<-'END'
		import ast, pathlib, sys
		for folder in sys.argv[1:]:
		    for path in pathlib.Path(folder).rglob("*"):
		        if "target" not in path.parts and path.is_file() and (
		                path.suffix == ".py" or path.open("rb").readline().startswith((b"#!/usr/bin/python3", b"#!/usr/bin/env python3"))):
		            ast.parse(path.read_text(), str(path))
	END
}

run() {
	local name=$1 status=0
	shift
	"$@" >"$LOG" 2>&1 || status=$?
	verdict "$name" "$status"
}

ROOT=$("$QEMU_DIR/toolchain.sh")
KERNEL=$("$QEMU_DIR/kernel.sh")
"$QEMU_DIR/metadata.sh" >/dev/null
mkdir -p "$WORK"
trap 'rm -rf "$WORK"' EXIT
run 'no unsafe in hw/ and drivers/e1000/' no_unsafe
run 'rustfmt with the kernel'\''s style' format
run 'checkpatch --strict on the C shim' style
run 'build with W=1' build_quietly W=1
run 'clippy as the kernel runs it' build_quietly CLIPPY=1
run 'shellcheck, and python parses' scripts
[ "$FAILED" -eq 0 ] || { echo "$FAILED checks failed"; exit 1; }
echo "all checks passed"
