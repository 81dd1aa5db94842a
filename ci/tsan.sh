#!/usr/bin/env bash
# Tests under ThreadSanitizer, with triage of its reports (`tsan_triage.py`); then once more with a planted race,
# which it must find: a net without holes only counts if it catches something.
set -euo pipefail
cd "$(dirname "$0")/.."

triple=$(rustc -vV | sed -n 's/^host: //p')
target=${CARGO_TARGET_DIR:-$PWD/target}/tsan
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS='-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer'
# With a shorter history the other access of a race between two lanes is lost.
export TSAN_OPTIONS='exitcode=0 history_size=7'
programs=${*:-adopt spawn execute failure groups stop tools}

run() { # log, programs
    local log=$1
    shift
    local tests=()
    for program in "$@"; do tests+=(--test "$program"); done
    timeout 1500 cargo test \
        --target "$triple" --target-dir "$target" -p integration-tests "${tests[@]}" --no-fail-fast -- \
        --test-threads=1 >"$log" 2>&1 || true
    grep -q '^test result' "$log" || { tail -30 "$log"; exit 1; }
}

mkdir -p "$target"
# shellcheck disable=SC2086
run "$target/clean.log" $programs
python3 ci/tsan_triage.py "$PWD/" "$target/clean.log"
tests=$(awk '/^test result/ { sum += $4 } END { print sum }' "$target/clean.log")

printf '#!/bin/sh\nexec "$@" --cfg '\''planted="relaxed-outcome"'\''\n' >"$target/planted-rustc"
chmod +x "$target/planted-rustc"
export RUSTC_WORKSPACE_WRAPPER=$target/planted-rustc
run "$target/planted.log" spawn
if python3 ci/tsan_triage.py "$PWD/" "$target/planted.log"; then
    echo "tsan: the planted race was not found" >&2
    exit 1
fi
echo "count: tsan: $tests tests, no race of ours; the planted one is found"
