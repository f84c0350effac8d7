#!/bin/sh
# Makes the sample documents and pictures again from the sources beside this
# script and writes them to content/materials/. The results are committed; run
# this only after changing a source.
#
#   docs/sample/make.sh [name …]      # e.g. docs/sample/make.sh price-list-2026h2
#
# Needs (Debian): chromium poppler-utils qpdf ffmpeg python3 fonts-noto-cjk
# fonts-morisawa-bizud-gothic. The text is set in BIZ UDPGothic because it is a
# TrueType font: Chromium embeds it as a real CID TrueType subset, while Noto
# CJK (CFF) would become Type 3 drawings.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../../content/materials
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# One date in all documents, so that a second run gives the same bytes.
date='D:20261001000000+00'

chrome() {
	chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--hide-scrollbars --user-data-dir="$work/profile" "$@" 2>>"$work/chromium.log" ||
		{ cat "$work/chromium.log" >&2; exit 1; }
}

# card SRC NAME: a picture of at most 800×450 for the card. A palette of 128
# colours keeps it under 80 KB.
card() {
	ffmpeg -v error -y -i "$1" -vf "$3,split[a][b];[a]palettegen=max_colors=128:stats_mode=full[p];[b][p]paletteuse=dither=none" \
		-frames:v 1 -fflags +bitexact "$out/$2.png"
}

document() {
	chrome --no-pdf-header-footer --print-to-pdf="$work/$1.pdf" "file://$here/$1.html"
	LC_ALL=C sed -E "s/D:20[0-9]{12}\+00/$date/g" "$work/$1.pdf" >"$work/$1.dated.pdf"
	# Packs the objects (a quarter smaller); the warning is about the xref table, which it rebuilds.
	qpdf --warning-exit-0 --object-streams=generate --recompress-flate --compression-level=9 --deterministic-id "$work/$1.dated.pdf" "$out/$1.pdf"
	pdftoppm -f 1 -l 1 -r 130 -png -singlefile "$out/$1.pdf" "$work/$1"
	# Portrait pages are cut to their upper part, the title.
	card "$work/$1.png" "$1" "scale=800:-2:flags=area,crop=800:450:0:'if(gt(ih,700),ih*0.11,0)'"
}

picture() { # a page of exactly 800×450
	chrome --window-size="${2:-800},${3:-450}" --force-device-scale-factor=1 --screenshot="$work/$1.png" "file://$here/$1.html"
	card "$work/$1.png" "$1" "null"
}

documents=$(cd "$here" && grep -l '@page' ./*.html | sed 's|^\./||; s|\.html$||')
for name in ${*:-$documents}; do
	if [ -f "$here/$name.html" ] && grep -q '@page' "$here/$name.html"; then document "$name"; fi
done
if [ $# -eq 0 ]; then
	for name in demo-video estimate-tool demo-portal hearing-sheet architecture-card; do picture "$name"; done
	picture architecture 1600 900
	"$here/video.sh" "$out" "$work"
	python3 "$here/hearing_sheet.py" "$out/hearing-sheet.xlsx"
fi
