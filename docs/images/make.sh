#!/bin/sh
# Makes the README's picture again: starts Akari in an empty folder and takes a
# picture of a real conversation in its playground. The result is committed; run this
# when the page has changed.
#
#   docs/images/make.sh
#
# Needs Go, Chromium and a Japanese font (Debian: chromium fonts-noto-cjk).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
port=${PORT:-18080}
chromium=${AKARI_TEST_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
work=$(mktemp -d)
serve=
trap '[ -z "$serve" ] || { kill "$serve" 2>/dev/null; wait "$serve" 2>/dev/null || true; }; rm -rf "$work"' EXIT

cd "$root"
CGO_ENABLED=0 go build -o "$work/akari" .
(cd "$work" && AKARI_SERVER_LISTEN=127.0.0.1:$port AKARI_SERVER_ADMIN_LISTEN= exec ./akari serve >out 2>log) &
serve=$!
for _ in $(seq 100); do
	grep -q 'Akari is ready' "$work/out" 2>/dev/null && break
	kill -0 "$serve" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
	sleep 0.2
done
CGO_ENABLED=0 go run docs/images/playground.go "$chromium" "http://localhost:$port/play?lang=ja" "$here/playground.png"
ls -l "$here/playground.png"
