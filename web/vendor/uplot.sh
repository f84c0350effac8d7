#!/bin/sh
# Fetches uPlot into uplot/. Needs npm. Usage: web/vendor/uplot.sh [version]
set -eu
cd "$(dirname "$0")"
version=${1:-1.6.32}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "uplot@$version" >/dev/null && tar xzf ./*.tgz)
rm -rf uplot
mkdir uplot
cp "$work/package/LICENSE" "$work/package/dist/uPlot.iife.min.js" "$work/package/dist/uPlot.min.css" uplot/
chmod 644 uplot/*
echo "$version" >uplot/VERSION
