#!/usr/bin/env bash
# Modules name only what stands above them.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test -p integration-tests --test layers -- --nocapture 2>&1 | tee "$log"

echo "count: $(grep -o 'layers: .*' "$log")"
