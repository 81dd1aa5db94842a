#!/usr/bin/env bash
# The façade with no feature, with each one alone, with the usual ones, with `full` and with all: each
# without a warning. And a program for which a flavour's feature is off: it is told which one to turn on.
set -euo pipefail
cd "$(dirname "$0")/.."

each=$(awk '/^\[/ { inside = $0 == "[features]" } inside && /^[a-z]/ { print $1 }' Cargo.toml)
count=0

check() { # what is turned on
    echo "== features: $*"
    cargo clippy -p spumoni -p spumoni-core "$@" -- -D warnings
    count=$((count + 1))
}

check --no-default-features
for feature in $each; do
    check --no-default-features --features "spumoni/$feature"
done
# The flavours in pairs, and without the attribute.
check --no-default-features --features spumoni/tokio,spumoni/thread
check --no-default-features --features spumoni/tokio,spumoni/smol,spumoni/async-std
# The integrations without a flavour, and together.
check --no-default-features --features spumoni/cli,spumoni/systemd
check --all-features

echo "== a flavour that is off"
off=integration-tests/ui-off
cp Cargo.lock "$off/Cargo.lock"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/ui-off
cargo run --manifest-path "$off/Cargo.toml" --bin renamed
# That program does not compile, and the compiler says these words.
refused() {
    if said=$(cargo check --manifest-path "$off/Cargo.toml" --bin "$1" 2>&1); then
        echo "$1 compiled" >&2
        exit 1
    fi
    echo "$said"
    shift
    for words in "$@"; do
        if ! grep -q -- "$words" <<<"$said"; then
            echo "the compiler does not say: $words" >&2
            exit 1
        fi
    done
}
refused flavour_is_off 'is no flavour that this build can run' 'turn on the Cargo feature of its name' \
    '#\[service(flavour = "smol"'
refused options_are_off 'needs the feature `cli` of spumoni; turn it on in Cargo.toml'

echo "count: features: $count combinations, 1 flavour and 1 integration that are off"
