#!/usr/bin/env bash
# scoopd under random clients, faults, restarts of its services and kills for SCOOPD_SOAK seconds, 30 if that is not set, and SCOOPD_KILLS kills under
# load, 20 if that is not set.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export SCOOPD_SOAK=${SCOOPD_SOAK:-30} SCOOPD_KILLS=${SCOOPD_KILLS:-20}
{
    cargo test -p scoopd --test daemon -- --nocapture durability
    # With a service that restarts the others all the while.
    cargo test -p scoopd --features gremlin --test daemon -- --nocapture soak
} 2>&1 | tee "$log"

# The first line of a test stands behind its name.
count() { sed -nE "s/^(test .* \.\.\. )?$1: ([0-9].*)/\2/p" "$log"; }
echo "count: soak: $(count soak); $(count durability)"
