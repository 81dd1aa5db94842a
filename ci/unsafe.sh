#!/usr/bin/env bash
# `unsafe` stands in one module of the core, and the compiler says so: every crate forbids it, the core
# denies it, and one file allows it again. The benchmark is no part of what ships; its allocator that counts
# is the one other place.
set -euo pipefail
cd "$(dirname "$0")/.."

only=runtime-core/src/task/cell.rs
for root in src runtime-macros/src flavour-tokio/src flavour-smol/src flavour-thread/src integration-tests/src loom-models/src; do
    grep -q '^#!\[forbid(unsafe_code)\]' "$root/lib.rs" || { echo "$root/lib.rs does not forbid unsafe code" >&2; exit 1; }
done
grep -q '^#!\[forbid(unsafe_code)\]' scoopd/src/main.rs
grep -q '^#!\[deny(unsafe_code)\]' runtime-core/src/lib.rs
allowed=$(grep -rl 'allow(unsafe_code)' --include='*.rs' --exclude-dir=target --exclude-dir=benches . | sed 's|^\./||')
[ "$allowed" = "$only" ] || { echo "unsafe code is allowed in: $allowed" >&2; exit 1; }

blocks=$(grep -cE 'unsafe (\{|impl|fn)' "$only")
argued=$(grep -cE '// SAFETY:|/// # Safety' "$only")
echo "count: unsafe: $blocks places in 1 file, $argued arguments"
