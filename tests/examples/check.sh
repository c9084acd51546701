#!/usr/bin/env bash
# Runs every example and compares what it prints with examples/NAME.expected, byte by byte; an
# example without expected output fails, so that none can rot. Argument: the build folder.
# Arguments for an example, if it takes any, are in examples/NAME.arguments. One that says "Tested
# in virtual time" runs in the build for the simulated system only, and one that says "Tested in
# real time" in the others only.
set -u
build=$1
passed=0
failed=0
read -r -a launcher <<<"${TENON_LAUNCHER:-}"
other=virtual
[ "$(basename "$build")" != sim ] || other=real

for source in examples/*.c; do
    [ -e "$source" ] || continue
    ! grep -q "^// Tested in $other time" "$source" || continue
    name=$(basename "$source" .c)
    arguments=()
    [ ! -e "examples/$name.arguments" ] || read -r -a arguments <"examples/$name.arguments"
    output=$(mktemp)
    timeout 60 "${launcher[@]}" "$build/bin/$name" "${arguments[@]}" >"$output" 2>"$output.err"
    code=$?
    if [ $code -ne 0 ]; then
        echo "FAIL $name ended with code $code"
        tail -n 20 "$output.err"
        failed=$((failed + 1))
    elif ! diff -u "examples/$name.expected" "$output"; then
        echo "FAIL $name printed something else than examples/$name.expected"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
    rm -f "$output" "$output.err"
done
if [ "$other" = virtual ] && [ ${#launcher[@]} -eq 0 ]; then
    if tests/examples/interrupt.py "$build"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
