#!/usr/bin/env bash
# Every test program so many times (ROUNDS, 100), every second time beside a busy loop on each core. A test that
# fails once is a flaky one, and a bug.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "commit: $(git rev-parse --short=8 HEAD)"
rounds=${ROUNDS:-100}
programs=$(cargo test -p integration-tests --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"kind":\["test"\].*"executable":"\([^"]*\)".*/\1/p' | grep -vE '/(ui|stress|growth)-')
log=$(mktemp)
busy=()
trap 'rm -f "$log"; kill "${busy[@]}" 2>/dev/null || true' EXIT
runs=0 flaky=0
for round in $(seq "$rounds"); do
    busy=()
    if [ $((round % 2)) -eq 0 ]; then
        for _ in $(seq "$(nproc)"); do
            nice sh -c 'while :; do :; done' &
            busy+=($!)
        done
    fi
    for program in $programs; do
        runs=$((runs + 1))
        if ! (cd integration-tests && timeout 600 "$program" -q >"$log" 2>&1); then
            flaky=$((flaky + 1))
            echo "round $round: ${program##*/}"
            grep -E '^    [a-z].*|panicked at' "$log" | sort -u | head -20
        fi
    done
    kill "${busy[@]}" 2>/dev/null || true
done
echo "count: rounds: $rounds of $(wc -w <<<"$programs") programs, $runs runs, $flaky of them red"
[ "$flaky" -eq 0 ]
