#!/usr/bin/env bash
# The documentation of every member builds without a warning; what is public in the core is documented.
set -euo pipefail
cd "$(dirname "$0")/.."

export RUSTDOCFLAGS="-D warnings"
cargo doc --workspace --no-deps
cargo doc -p spumoni --no-deps --all-features

echo "count: docs: $(find "${CARGO_TARGET_DIR:-target}/doc" -name '*.html' -newer Cargo.toml | wc -l) pages, 0 warnings"
