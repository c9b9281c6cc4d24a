#!/bin/sh
# fuzz/run.sh [SECONDS] [TARGET…]: runs every target, or those named, for so many seconds each.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(sed -n '/^\[\[bin\]\]/{n;s/^name = "\(.*\)"/\1/p;}' fuzz/Cargo.toml)
export RUSTC_BOOTSTRAP=1
for target in "$@"; do
    kind=${target#read_}
    case $target in
    safe_markup) kind=md ;;
    *_picture) kind=png ;;
    esac
    seeds=fuzz/corpus/$target
    mkdir -p "$seeds"
    # The books that tests use are where the fuzzer starts from.
    find data/starter tests ${SEEDS:-} -type f -size -300k \( -name "*.$kind" -o -name "*.${kind%down}" \) \
        -exec cp -n {} "$seeds/" \;
    cargo fuzz run --sanitizer "${SANITIZER:-address}" "$target" "$seeds" -- -max_total_time="$seconds" -max_len=300000 -timeout=20 -rss_limit_mb=1500
done
