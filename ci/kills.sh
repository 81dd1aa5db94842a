#!/usr/bin/env bash
# scoopd under load, killed SCOOPD_KILLS times, 20 if that is not set, and started again: every record that was answered
# with a 200 is there, whole and once.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export SCOOPD_KILLS=${SCOOPD_KILLS:-20}
cargo test -p scoopd --test daemon -- --nocapture durability 2>&1 | tee "$log"

# The line of a test stands behind its name, or on its own.
sed -nE 's/^(test .* \.\.\. )?durability: ([0-9].*)/count: kills: \2/p' "$log"
