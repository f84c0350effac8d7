#!/bin/sh
# Joins the six scenes (scene1.png … scene6.png in $2) to the sample video in $1:
# 30 s, 1280×720, H.264 + AAC, cross-faded, with a soft chord as sound.
set -eu
out=$1 work=$2
set --
for n in 1 2 3 4 5 6; do set -- "$@" -loop 1 -framerate 25 -t 5.25 -i "$work/scene$n.png"; done
# Each scene is on screen 5.25 s and overlaps the next by 0.3 s: 6×5.25 − 5×0.3 = 30 s.
ffmpeg -v error -y "$@" \
	-f lavfi -i "aevalsrc='0.05*(sin(2*PI*220*t)+sin(2*PI*277.18*t)+sin(2*PI*329.63*t))*(0.6+0.4*sin(2*PI*t/5))':s=44100:d=30" \
	-filter_complex "[0][1]xfade=duration=0.3:offset=4.95[a];[a][2]xfade=duration=0.3:offset=9.90[b];[b][3]xfade=duration=0.3:offset=14.85[c];[c][4]xfade=duration=0.3:offset=19.80[d];[d][5]xfade=duration=0.3:offset=24.75,format=yuv420p[v];[6]afade=t=in:d=1,afade=t=out:st=28:d=2[s]" \
	-map '[v]' -map '[s]' -t 30 -c:v libx264 -profile:v main -preset slow -crf 26 -g 50 -threads 1 -c:a aac -b:a 48k -ac 1 \
	-movflags +faststart -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 "$out/demo-video.mp4"
cat >"$out/demo-video.vtt" <<'VTT'
WEBVTT

00:00.300 --> 00:04.900
注文の受け方、このままで大丈夫ですか

00:05.300 --> 00:09.800
電話、FAX、メール。届き方はばらばら

00:10.200 --> 00:14.700
すべての注文を、1つの画面へ

00:15.100 --> 00:19.600
FAXも読み取り、おかしな数は印でお知らせ

00:20.000 --> 00:24.500
受注の入力時間は、平均で62%減りました

00:24.900 --> 00:29.800
まずは注文書5枚でお試しください
VTT
