#!/usr/bin/env bash
# Does the net hold? Builds the workspace with one planted fault after the other (`cfg!(planted = "…")` in the
# sources) and demands that the level named here goes red. With arguments only those faults.
set -euo pipefail
cd "$(dirname "$0")/.."

# Some show in one of a few thousand schedules only.
export SHUTTLE_SCHEDULES=${SHUTTLE_SCHEDULES:-20000}

# fault | level | what is run
faults='
relaxed-outcome | loom | -p loom-models --release --lib models::outcome
lost-wake-up | loom | -p loom-models --release --lib models::outcome
bell-without-fence | loom | -p loom-models --release --lib models::bell
gate-looks-first | loom | -p loom-models --release --lib models::gate
unread-panic-queued | loom | -p loom-models --release --lib models::outcome
buried-twice | loom | -p loom-models --release --lib models::give_up
ring-not-seen | loom | -p loom-models --release --lib models::graph
stopped-before-booked | shuttle | -p shuttle-models --release --lib groups
deadline-that-overflows | unit | -p spumoni-core --lib time::
unguarded-drop | integration | -p integration-tests --test contract destructor
only-the-first-failure | integration | -p integration-tests --test failure
unread-panic-forgotten | integration | -p integration-tests --test failure
name-kept-for-ever | integration | -p integration-tests --test groups a_name_is_refused
over-before-the-last | integration | -p integration-tests --test adopt
pool-thread-left | integration | -p integration-tests --test many_runners f123_failed
deaf-to-the-second-signal | child process | -p integration-tests --test signals f100_a_second
'

target=${CARGO_TARGET_DIR:-$PWD/target}/planted
mkdir -p "$target"
log=$target/log
planted=$(grep -rhoE 'planted = "[a-z-]+"' runtime-core/src flavour-*/src | sort -u | wc -l)
tried=0 found=0 missed=()
while IFS='|' read -r fault level run; do
    fault=${fault// /} level=${level# }
    level=${level% }
    [ -n "$fault" ] || continue
    case " $* " in '  ' | *" $fault "*) ;; *) continue ;; esac
    tried=$((tried + 1))
    # As a wrapper it concerns the workspace only: what it depends on is built once for all of them.
    wrapper=$target/$fault
    printf '#!/bin/sh\nexec "$@" --cfg '\''planted="%s"'\''\n' "$fault" >"$wrapper"
    chmod +x "$wrapper"
    export RUSTC_WORKSPACE_WRAPPER=$wrapper
    # shellcheck disable=SC2086
    if ! cargo test --target-dir "$target" $run --no-run >"$log" 2>&1 </dev/null; then
        cat "$log"
        echo "planted: $fault does not build" >&2
        exit 1
    fi
    code=0
    # shellcheck disable=SC2086
    timeout --kill-after=5 240 cargo test --target-dir "$target" $run >"$log" 2>&1 </dev/null || code=$?
    if [ "$code" -eq 0 ]; then
        missed+=("$fault")
        echo "MISSED $fault: $level stays green (cargo test $run)"
    elif [ "$code" -ge 124 ] || grep -qE 'test result: FAILED|SIGABRT|SIGSEGV' "$log"; then
        found=$((found + 1))
        echo "found  $fault: by $level, $(grep -cE '^test .*FAILED$' "$log" || true) tests red"
    else
        tail -20 "$log"
        echo "planted: $fault ends in a way that says nothing" >&2
        exit 1
    fi
done <<<"$faults"

[ $# -gt 0 ] || [ "$tried" -eq "$planted" ] || {
    echo "planted: $planted faults stand in the sources, $tried are tried" >&2
    exit 1
}
echo "count: planted: $found of $tried faults found"
[ ${#missed[@]} -eq 0 ]
