#!/usr/bin/env bash
# The suite under AddressSanitizer, which finds leaks too. The stable compiler brings the runtime along; the switch
# for it is for checks only. Tests whose children are to be ended by a signal of their own are left out, and those
# that count memory, and the one that leaks a handle on purpose.
set -euo pipefail
cd "$(dirname "$0")/.."

triple=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS='-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer'
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1}
programs=${*:-adopt contract execute spawn failure payloads groups scopes nested results stoppers stop transient timeout periodic gather children queue tools rings service}

tests=() log=$(mktemp) known=$(mktemp)
trap 'rm -f "$log" "$known"' EXIT
# A value of a panic whose destructor panics with another such value: that second one is forgotten on purpose, or
# this could go on for ever (`unwind.rs`).
echo 'leak:spumoni_core::unwind::describe::{closure' >"$known"
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$known:print_suppressions=0}
for program in $programs; do
    [ -e "integration-tests/tests/$program.rs" ] || [ -e "integration-tests/tests/$program/main.rs" ] || continue
    tests+=(--test "$program")
done
cargo test --target "$triple" --target-dir "${CARGO_TARGET_DIR:-target}/asan" -p integration-tests "${tests[@]}" --no-fail-fast -- --skip leaked_handle 2>&1 | tee "$log"

! grep -qE 'ERROR: (Address|Leak)Sanitizer' "$log"
awk '/^test result: ok/ { sum += $4 } END { printf "count: asan: %d tests, no error, no leak\n", sum; exit sum == 0 }' "$log"
