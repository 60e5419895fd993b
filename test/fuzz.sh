#!/bin/sh
# Runs every fuzz target of the house for the time given.
set -eu
time=${1:-10m}
grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do
  sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go | while read -r target; do
    echo "== $dir $target for $time"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$dir"
  done
done
