#!/usr/bin/env bash
# The command of the README that runs all tests.
set -euo pipefail
cd "$(dirname "$0")/.."

grep -qx 'cargo test' README.md || { echo "the README has another command" >&2; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test 2>&1 | tee "$log"

awk '/^test result: ok/ { passed += $4; ignored += $8; files++ }
     END { printf "count: test: %d passed, %d ignored, in %d programs\n", passed, ignored, files; exit passed == 0 }' "$log"
