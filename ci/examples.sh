#!/usr/bin/env bash
# The examples do what their headers say: output, reports, exit code.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo build -p spumoni --features full --examples
cargo test -p spumoni --features full --test examples -- --nocapture 2>&1 | tee "$log"

ran=$(grep -c 'example: .* ran as its header says' "$log" || true)
[ "$ran" -eq "$(ls examples/*.rs | wc -l)" ] || { echo "not every example was run" >&2; exit 1; }
echo "count: examples: $ran ran as their headers say"
