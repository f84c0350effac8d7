#!/bin/sh
# Makes jp.txt, Japan's national holidays, from the npm package @holiday-jp/holiday_jp
# (MIT, see LICENSE). Run it in this folder when the package has a new version:
#
#   ./make.sh 2.5.1
#
# Needs npm and node. The days before 2019 are left out: campaigns look forward.
set -eu
version=${1:?which version of @holiday-jp/holiday_jp}
here=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "@holiday-jp/holiday_jp@$version" >/dev/null
tar xzf ./*.tgz
cp package/LICENSE "$here/LICENSE"
node -e '
const all = require("./package/lib/holidays.js");
const days = all.default || all.holidays || all;
console.log("# Japan: national holidays. Made by make.sh from @holiday-jp/holiday_jp '"$version"' (MIT, see LICENSE).");
for (const day of Object.keys(days).sort()) if (day >= "2019") console.log(day + " " + days[day].name);
' > "$here/jp.txt"
wc -l < "$here/jp.txt"
