#!/usr/bin/env bash
# Everything is formatted as `rustfmt.toml` says, the programs that the tests compile included.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all --check
others=$(find integration-tests/tests/ui integration-tests/ui-off -name '*.rs')
# shellcheck disable=SC2086 # one word a file
rustfmt --check --edition 2024 $others

echo "count: fmt: $(git ls-files '*.rs' | wc -l) files"
