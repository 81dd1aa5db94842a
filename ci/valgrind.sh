#!/usr/bin/env bash
# memcheck over the tests that drive `task/cell.rs`, where the `unsafe` is. Leaks that are definite count; the thread of
# async-io lives for ever.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "valgrind is not installed" >&2; exit 1; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Left out: a test that leaks a handle on purpose, and those of panics whose value panics when it is dropped, the second
# of which is forgotten on purpose (`unwind.rs`).
programs=$(cargo test -p integration-tests --no-run --message-format=json --test contract --test spawn --test execute 2>/dev/null |
    sed -n 's/.*"kind":\["test"\].*"executable":"\([^"]*\)".*/\1/p')
tests=0
for program in $programs; do
    (cd integration-tests && valgrind --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=9 -q \
        --show-leak-kinds=definite "$program" --test-threads=1 --skip leaked_handle --skip f003) 2>&1 | tee "$log"
    tests=$((tests + $(awk '/^test result: ok/ { sum += $4 } END { print sum + 0 }' "$log")))
done
echo "count: valgrind: $tests tests, no error"
