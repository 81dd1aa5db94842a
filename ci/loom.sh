#!/usr/bin/env bash
# The loom models: the core's protocols in every interleaving of two threads, and in those of three with up
# to three preemptions.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test -p loom-models --release --lib -- --nocapture 2>&1 | tee "$log"

# Two lines of two threads may run into each other, so words are counted and not lines.
grep -oE 'loom: [^:]+: [^:]+: [0-9]+ interleavings' "$log" | awk '{ sum += $(NF - 1); models++ }
     END { printf "count: loom: %d models, %d interleavings\n", models, sum; exit models == 0 }'
