#!/bin/sh
# Fetches pdf.js into pdfjs/. Needs npm. Usage: web/vendor/pdfjs.sh [version]
set -eu
cd "$(dirname "$0")"
version=${1:-6.5.438}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "pdfjs-dist@$version" >/dev/null && tar xzf ./*.tgz)
from=$work/package
rm -rf pdfjs
mkdir -p pdfjs/wasm
cp "$from/LICENSE" "$from/legacy/build/pdf.min.mjs" "$from/legacy/build/pdf.worker.min.mjs" pdfjs/
cp -R "$from/cmaps" "$from/standard_fonts" pdfjs/
cp "$from"/wasm/*_nowasm_fallback.js "$from"/wasm/LICENSE_*JBIG2 "$from"/wasm/LICENSE_*OPENJPEG pdfjs/wasm/
find pdfjs -type f -exec chmod 644 {} +
echo "$version" >pdfjs/VERSION
