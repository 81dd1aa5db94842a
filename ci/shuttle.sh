#!/usr/bin/env bash
# Whole runners under shuttle, in random schedules of their threads: SHUTTLE_SCHEDULES of each scenario, 1000 if
# that is not set.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test -p shuttle-models --release --lib -- --nocapture 2>&1 | tee "$log"

# Two lines of two threads may run into each other, so words are counted and not lines.
grep -oE 'shuttle: [^:]+: [0-9]+ schedules' "$log" | awk '{ sum += $(NF - 1); scenarios++ }
     END { printf "count: shuttle: %d scenarios, %d schedules\n", scenarios, sum; exit scenarios == 0 }'
