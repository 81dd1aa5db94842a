#!/usr/bin/env bash
# The examples in the documentation: with the features that users choose between. The README is the page of
# the façade, so its examples are among them.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test --doc -p spumoni --features full 2>&1 | tee "$log"
readme=$(grep -cE '^test .*README.md .* ok$' "$log" || true)
# `- (line …) - compile` for those that are not run.
[ "$readme" -gt 0 ] || { echo "no example of the README was run" >&2; exit 1; }
for features in "" tokio; do
    cargo test --doc -p spumoni --features "$features" 2>&1 | tee -a "$log"
done
cargo test --doc -p spumoni-core --all-features 2>&1 | tee -a "$log"

awk -v readme="$readme" '/^test result: ok/ { passed += $4 }
     END { printf "count: doctests: %d passed, %d of them the README'\''s\n", passed, readme; exit passed == 0 }' "$log"
