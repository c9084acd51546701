#!/usr/bin/env bash
# Runs every bench small (TENON_BENCH_QUICK=1), so that none can rot: it must end with code 0, in
# a minute, and print a line `RESULT key=value ...`. Argument: the build folder.
set -u
passed=0
failed=0
export TENON_BENCH_QUICK=1
for program in "$1"/bin/bench_*; do
    [ -x "$program" ] || continue
    output=$(timeout 60 "$program" 2>&1)
    code=$?
    if [ $code -eq 0 ] && grep -q '^RESULT ' <<<"$output"; then
        passed=$((passed + 1))
    else
        echo "FAIL $program ended with code $code; the end of its output:"
        tail -n 10 <<<"$output"
        failed=$((failed + 1))
    fi
done
# The peers that are there, and what is written about them: also with none installed.
for script in forkjoin waiting passing split; do
    if output=$(TENON_BUILD=$1 timeout 120 python3 -B "bench/$script.py" 2>&1) &&
        grep -q '^RESULT ' <<<"$output"; then
        passed=$((passed + 1))
    else
        echo "FAIL bench/$script.py; the end of its output:"
        tail -n 10 <<<"$output"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
