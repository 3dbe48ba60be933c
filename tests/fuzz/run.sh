#!/bin/sh
# Runs every fuzz target for some seconds, as many at once as there are cores; fails where one finds something. Needs a stable
# toolchain, a C++ compiler, pkit and openssl: what cargo-fuzz adds, address sanitizing, code without `unsafe` can do without.
# Usage: tests/fuzz/run.sh [SECONDS [PKIT [SEED]]], by default 15 seconds each, target/debug/pkit, and another seed each time
set -eu
seconds=${1:-15}
pkit=$(realpath "${2:-target/debug/pkit}")
seed=${3:-0}
cd "$(dirname "$(realpath "$0")")"
triple=$(rustc -vV | sed -n 's/^host: //p')
# Coverage for libFuzzer; the host is named as target so that build scripts go without.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing" \
    cargo build --quiet --release --bins --target "$triple" --target-dir target
./seeds.sh "$pkit"
mkdir -p artifacts
one='
    target=$1 seconds=$2 triple=$3 seed=$4
    log=artifacts/$target.log
    if "target/$triple/release/$target" -max_total_time="$seconds" -seed="$seed" -timeout=30 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="artifacts/$target-" "corpus/$target" >"$log" 2>&1
    then echo "$target: $(sed -n "s/^stat::number_of_executed_units: *//p" "$log") inputs"
    else echo "$target: FAILED"; tail -n 40 "$log"; exit 1
    fi'
for target in targets/*.rs; do basename "$target" .rs; done |
    xargs -P "$(nproc)" -I{} sh -c "$one" sh {} "$seconds" "$triple" "$seed"
