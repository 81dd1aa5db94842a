#!/usr/bin/env bash
# The other command of the README: `cargo run` starts the daemon, and a SIGTERM ends it in good order.
set -euo pipefail
cd "$(dirname "$0")/.."

grep -qx 'cargo run' README.md || { echo "the README has another command" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Built first, so that what is started here is the daemon itself and no cargo.
cargo build --bin scoopd
cargo run -- --help >"$folder/help"
"${CARGO_TARGET_DIR:-target}/debug/scoopd" --http 127.0.0.1:0 --statsd 127.0.0.1:0 --db "$folder/scoopd.db" >"$folder/out" &
daemon=$!
for _ in $(seq 600); do
    if grep -q '^http listening on' "$folder/out" || ! kill -0 "$daemon" 2>/dev/null; then break; fi
    sleep 0.1
done
address=$(sed -n 's|^http listening on http://||p' "$folder/out")
exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
printf 'POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nConnection: close\r\n\r\ncoffee:1|c' >&3
head -1 <&3 | tee "$folder/answer"
exec 3>&-
kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
cat "$folder/out"
grep -q ' 200 ' "$folder/answer"
grep -q 'accepted 1, written 1, lost 0' "$folder/out"
[ "$code" -eq 0 ]

echo "count: daemon: 1 record accepted, 1 written, exit code $code"
