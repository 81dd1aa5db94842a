#!/usr/bin/env bash
# With `panic = "abort"` everything builds and runs; only, a panic ends the process instead of a task.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}/abort
cargo build -p spumoni --features full --examples --config 'profile.dev.panic="abort"' --target-dir "$target"

count=0
expect() { # exit code, example
    local code=0
    "$target/debug/examples/$2" || code=$?
    echo "== $2: exit code $code"
    [ "$code" -eq "$1" ] || { echo "expected $1" >&2; exit 1; }
    count=$((count + 1))
}
expect 0 01_adopt
expect 1 05_failure
expect 3 06_stop
# It panics in a payload: SIGABRT.
expect 134 02_execute

echo "count: abort: $count examples ended as expected"
