#!/usr/bin/env bash
# Mutants of a few files of the core: one line changed at a time, and the quickest tests that cover the file have to
# notice. With arguments only those files. What survives is told by name, and is a test that is missing, or a change
# that changes nothing. About half a minute for each mutant on two cores; of those that there are MUTANTS_SHARD takes
# a part, `0/4` the first quarter.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo-mutants >/dev/null || { echo "cargo install cargo-mutants --locked" >&2; exit 1; }
echo "commit: $(git rev-parse --short=8 HEAD)"
out=${CARGO_TARGET_DIR:-$PWD/target}/mutants
# The files, and what judges them.
protocols='group/gate.rs task/state.rs task/lifecycle.rs wait/graph.rs'
groups='group/ends.rs'
services='service/graph.rs service/policy.rs service/state.rs'
# Schedules enough to notice, and few enough to wait for; and what is not built for speed is built sooner.
export SHUTTLE_SCHEDULES=${SHUTTLE_SCHEDULES:-200} PROPTEST_CASES=${PROPTEST_CASES:-32}
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1

killed=0 viable=0 survivors=()
judge() { # which, files, what follows `cargo mutants`
    local which=$1 files=() file
    for file in $2; do
        [ ${#chosen[@]} -eq 0 ] || [[ " ${chosen[*]} " == *" $file "* ]] || continue
        files+=(-f "runtime-core/src/$file")
    done
    [ ${#files[@]} -gt 0 ] || return 0
    shift 2
    rm -rf "$out/$which"
    mkdir -p "$out/$which"
    # Survivors make it end with 2, time-outs with 3: both are counted below.
    cargo mutants "${files[@]}" -p spumoni-core --output "$out/$which" --no-shuffle --colors never --gitignore true --exclude-re planted \
        --minimum-test-timeout 60 ${MUTANTS_SHARD:+--shard "$MUTANTS_SHARD"} "$@" || [ $? -le 3 ]
    local caught missed
    caught=$(cat "$out/$which"/mutants.out/{caught,timeout}.txt | wc -l)
    missed=$(wc -l <"$out/$which/mutants.out/missed.txt")
    killed=$((killed + caught)) viable=$((viable + caught + missed))
    while read -r line; do survivors+=("$line"); done <"$out/$which/mutants.out/missed.txt"
}

chosen=("$@")
judge protocols "$protocols" --test-package spumoni-core,loom-models --cargo-arg=--release -- --lib
judge groups "$groups" --test-package spumoni-core,shuttle-models --cargo-arg=--release -- --lib
# Whether they pass without a mutant is asked of the core's own tests only, which these are not.
judge services "$services" --baseline skip --timeout 240 --test-package spumoni-core,integration-tests -- --lib --test properties --test service
[ ${#survivors[@]} -eq 0 ] || printf 'SURVIVED %s\n' "${survivors[@]}"
echo "count: mutants: $killed of $viable viable ones killed, in ${chosen[*]:-$protocols $groups $services}${MUTANTS_SHARD:+, part $MUTANTS_SHARD of them}"
[ "$viable" -gt 0 ]
