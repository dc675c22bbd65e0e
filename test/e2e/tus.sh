#!/bin/sh
# Uploads a file by tus 1.0 with curl alone, as somebody may write it in an evening:
#   tus.sh FILE NAME ENDPOINT USER:PASSWORD PIECE
# It ends with 0 when the server has confirmed the last byte. What breaks is asked about by
# HEAD, and continued from there; pieces that bring nothing are made smaller.
set -u
file=$1 name=$2 endpoint=$3 user=$4 piece=$5
size=$(wc -c <"$file")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ask URL ARGUMENT…: prints the status of the answer, whose header stands in head then.
ask() {
  url=$1
  shift
  : >"$work/head"
  curl -q -s -u "$user" -H 'Tus-Resumable: 1.0.0' --speed-time 5 --speed-limit 1 \
    -D "$work/head" -o "$work/body" -w '%{http_code}' "$@" "$url"
}
field() {
  tr -d '\r' <"$work/head" | sed -n "s/^$1: *//Ip" | tail -n 1
}

tries=0
again() {
  tries=$((tries + 1))
  if [ "$tries" -gt 20 ]; then
    echo "gave up at $offset of $size after a status of $status" >&2
    exit 1
  fi
  sleep 0.1
}

offset=0 at=
while [ -z "$at" ]; do
  status=$(ask "$endpoint" -X POST -H "Upload-Length: $size" \
    -H "Upload-Metadata: filename $(printf %s "$name" | base64 -w 0)")
  if [ "$status" = 201 ]; then at=$(field Location); else again; fi
done
case $at in
/*) at=$(printf %s "$endpoint" | sed 's|^\([a-z]*://[^/]*\).*|\1|')$at ;;
esac

while [ "$offset" -lt "$size" ]; do
  tail -c "+$((offset + 1))" "$file" | head -c "$piece" >"$work/piece"
  status=$(ask "$at" -X PATCH -T "$work/piece" -H "Upload-Offset: $offset" \
    -H 'Content-Type: application/offset+octet-stream')
  if [ "$status" = 204 ]; then
    offset=$(field Upload-Offset) tries=0
    continue
  fi
  again
  sent=$status before=$offset
  status=$(ask "$at" -I)
  if [ "$status" != 200 ]; then continue; fi
  offset=$(field Upload-Offset)
  case $sent in
  5*) ;;
  *) if [ "$offset" -le "$before" ] && [ "$piece" -gt 65536 ]; then piece=$((piece / 2)); fi ;;
  esac
done
