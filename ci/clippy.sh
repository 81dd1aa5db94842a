#!/usr/bin/env bash
# No warning of the compiler or of clippy, in any target of any member. The members together turn on every
# feature of the façade; `features.sh` has the combinations.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo clippy --workspace --all-targets -- -D warnings
cargo clippy -p scoopd --all-targets --features gremlin -- -D warnings

members=$(cargo tree --workspace --depth 0 --prefix none | grep -c .)
echo "count: clippy: $members packages, 0 warnings"
