#!/usr/bin/env bash
# Random steps on a runner, held against a reference model after each: PROPTEST_CASES cases, 2000 if that is not
# set. What fails is shrunk and printed as steps.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
PROPTEST_CASES=${PROPTEST_CASES:-2000} cargo test -p integration-tests --test model -- --nocapture 2>&1 | tee "$log"

awk '/model: [0-9]+ cases/ { for (i = 1; i < NF; i++) { if ($(i + 1) == "cases,") cases += $i; if ($(i + 1) == "steps") steps += $i } }
     END { printf "count: model: %d cases, %d steps\n", cases, steps; exit steps == 0 }' "$log"
