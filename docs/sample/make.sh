#!/bin/sh
# Makes the sample documents and pictures again from the sources beside this
# script and writes them to content/materials/. The results are committed; run
# this only after changing a source.
#
#   docs/sample/make.sh                    # everything, under a minute
#   docs/sample/make.sh price-list-2026h2  # one document; also: pictures, video, office
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

# card SRC NAME FILTER: a picture of at most 800×450 for the card. A palette of 128
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
	pdftoppm -f 1 -l 2 -r 130 -png "$out/$1.pdf" "$work/$1"
	first=$(ls "$work/$1"-*1.png) second=$(ls "$work/$1"-*2.png 2>/dev/null || true)
	# A slide is a card as it is. Of a portrait page the card shows the upper
	# part: from the top where the page has a title of its own, from the title
	# with page 2 beside it where it is a cover.
	if grep -q 'class="slides"' "$here/$1.html"; then
		card "$first" "$1" "scale=800:450:flags=area"
	elif grep -q 'page cover' "$here/$1.html"; then
		ffmpeg -v error -y -i "$first" -i "$second" -filter_complex "[0]scale=800:-2:flags=area,crop=800:450:0:124[a];[1]scale=264:-2:flags=area,crop=264:360:0:0,pad=268:362:2:2:0x8fb8c9[b];[a][b]overlay=492:88" -frames:v 1 "$work/$1.card.png"
		card "$work/$1.card.png" "$1" null
	else
		card "$first" "$1" "scale=800:-2:flags=area,crop=800:450:0:0"
	fi
}

# shot FILE#FRAGMENT WIDTH HEIGHT OUT
shot() {
	# The window is made taller and cut, because headless Chromium keeps part of
	# the asked height for itself.
	chrome --window-size="$2,$(($3 + 200))" --force-device-scale-factor=1 --screenshot="$work/shot.png" "file://$here/$1"
	ffmpeg -v error -y -i "$work/shot.png" -vf "crop=$2:$3:0:0" -frames:v 1 "$4"
}

pictures() {
	for name in demo-video estimate-tool demo-portal hearing-sheet; do
		shot "cards.html#$name" 800 450 "$work/$name.png"
		card "$work/$name.png" "$name" null
	done
	shot architecture.html 1600 900 "$work/architecture.png"
	card "$work/architecture.png" architecture null
	card "$work/architecture.png" architecture-card scale=800:450:flags=area
}

video() {
	for n in 1 2 3 4 5 6; do shot "demo-video.html#s$n" 1280 720 "$work/scene$n.png"; done
	"$here/video.sh" "$out" "$work"
}

documents=$(cd "$here" && grep -l '@page' ./*.html | sed 's|^\./||; s|\.html$||')
for name in ${*:-$documents pictures video office}; do
	case $name in
	pictures) pictures ;;
	video) video ;;
	office) python3 "$here/hearing_sheet.py" "$out/hearing-sheet.xlsx" ;;
	*) document "$name" ;;
	esac
done
