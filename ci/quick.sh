#!/usr/bin/env bash
# While working: what finds most in the shortest time.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo clippy --quiet -p spumoni-core --all-features -- -D warnings
{
    cargo test -p spumoni-core --all-features --lib
    cargo test -p integration-tests --test adopt --test contract --test failure --test spawn --test groups --test execute
} 2>&1 | tee "$log"
awk '/^test result: ok/ { sum += $4 } END { printf "count: quick: %d tests\n", sum; exit sum == 0 }' "$log"
