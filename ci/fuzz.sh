#!/usr/bin/env bash
# The fuzz targets: their committed inputs, and FUZZ_RUNS inputs made from these for each (300 if that is not set), with
# the stable compiler. With FUZZ_SECONDS libFuzzer looks for more for so long with each target; with FUZZ_KEEP what it
# has found stays in `fuzz/corpus/`. What makes a target fail is left in the folder that is told.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test -p spumoni-fuzz --test corpus -- --nocapture 2>&1 | tee "$log"
replayed=$(grep -oE 'fuzz: [a-z]+: [0-9]+ inputs, [0-9]+ made' "$log" | awk '{ sum += $3 + $5 } END { print sum + 0 }')
targets=$(ls fuzz/corpus | wc -l)
[ "$replayed" -gt 0 ]

seconds=${FUZZ_SECONDS:-0} found=0
if [ "$seconds" -gt 0 ]; then
    triple=$(rustc -vV | sed -n 's/^host: //p')
    target=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
    # What cargo-fuzz would say; the switches are for checks only, so the stable compiler may have them.
    export RUSTC_BOOTSTRAP=1
    export RUSTFLAGS='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions -Ccodegen-units=16'
    cargo build --release -p spumoni-fuzz --features libfuzzer --bin fuzz --target "$triple" --target-dir "$target" \
        --config profile.release.lto=false
    mkdir -p "$target/failures"
    for name in $(ls fuzz/corpus); do
        new=$target/corpus-$name
        mkdir -p "$new"
        FUZZ_TARGET=$name "$target/$triple/release/fuzz" "$new" "fuzz/corpus/$name" -max_total_time="$seconds" \
            -timeout=60 -rss_limit_mb=4096 -max_len=4096 -print_final_stats=1 -artifact_prefix="$target/failures/$name-" \
            >"$log" 2>&1 || { tail -40 "$log"; echo "fuzz: $name failed, see $target/failures" >&2; exit 1; }
        runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
        echo "fuzz: $name: $runs runs of libFuzzer"
        found=$((found + runs))
        if [ -n "${FUZZ_KEEP:-}" ]; then
            FUZZ_TARGET=$name "$target/$triple/release/fuzz" -merge=1 -max_len=1024 "fuzz/corpus/$name" "$new" >/dev/null 2>&1
        fi
    done
fi
echo "count: fuzz: $targets targets, $replayed inputs replayed or made from them, $found runs of libFuzzer"
