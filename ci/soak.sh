#!/usr/bin/env bash
# scoopd under random clients, faults, restarts of its services and kills for SCOOPD_SOAK seconds, 30 if that is not set.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export SCOOPD_SOAK=${SCOOPD_SOAK:-30}
# The feature is a service that restarts the others all the while.
cargo test -p scoopd --features gremlin --test daemon -- --nocapture soak 2>&1 | tee "$log"

# The line of a test stands behind its name, or on its own.
sed -nE 's/^(test .* \.\.\. )?soak: ([0-9].*)/count: soak: \2/p' "$log"
