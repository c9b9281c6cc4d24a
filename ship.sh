#!/bin/sh
# Builds the file that ships: one executable that runs on any Linux of the last ten years with glibc (2.17 and newer).
#
#   ./ship.sh [x86_64 | aarch64]...      without a word: this machine's own
#
# The result is target/ship/shutong-VERSION-ARCHITECTURE, with its SHA-256 beside it; install.sh takes it. Paths
# of the machine that builds it are not in it.
set -eu
cd "$(dirname "$0")"

fail() { printf 'ship.sh: %s\n' "$*" >&2; exit 1; }

PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
for tool in cargo rustc python3; do
    command -v "$tool" >/dev/null 2>&1 || fail "needs $tool"
done
target=${CARGO_TARGET_DIR:-$PWD/target}
out=$target/ship
mkdir -p "$out"

# Zig links against any version of glibc, and is a C compiler for ring.
python3 -m venv "$out/tools"
"$out/tools/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps ziglang==0.15.2 cargo-zigbuild==0.24.0
PATH=$out/tools/bin:$PATH
export CARGO_TARGET_DIR="$out/build" SOURCE_DATE_EPOCH=0
export RUSTFLAGS="--remap-path-prefix=$PWD=/shutong --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"

[ $# -gt 0 ] || set -- "$(uname -m)"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
for architecture in "$@"; do
    case $architecture in x86_64 | aarch64) ;; *) fail "$architecture: x86_64 or aarch64" ;; esac
    triple=$architecture-unknown-linux-gnu
    [ -d "$(rustc --print sysroot)/lib/rustlib/$triple/lib" ] ||
        fail "there is no standard library for $triple: rustup target add $triple"
    cargo zigbuild --locked --profile dist --bin shutong --target "$triple.2.17"
    file=shutong-$version-$architecture
    cp "$CARGO_TARGET_DIR/$triple/dist/shutong" "$out/$file"
    (cd "$out" && sha256sum "$file" >"$file.sha256" && cat "$file.sha256")
    size=$(wc -c <"$out/$file")
    [ "$size" -le $((30 * 1024 * 1024)) ] || printf '%s\n' "$file is larger than the 30 MiB that it should have at most" >&2
    newest=$("$out/tools/bin/python" - "$out/$file" <<'END'
import re, sys
versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", open(sys.argv[1], "rb").read())
print("%d.%d" % max((int(major), int(minor)) for major, minor in versions))
END
    )
    printf '%s: %s bytes, needs glibc %s\n' "$out/$file" "$size" "$newest"
done
