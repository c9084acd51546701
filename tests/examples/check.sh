#!/usr/bin/env bash
# Runs every example and compares what it prints with examples/NAME.expected, byte by byte; an
# example without expected output fails, so that none can rot. Argument: the build folder.
# Arguments for an example, if it takes any, are in examples/NAME.arguments. One that says "Tested
# in virtual time" runs in the build for the simulated system only, and one that says "Tested in
# real time" in the others only.
set -u
build=$1
read -r -a launcher <<<"${TENON_LAUNCHER:-}"
other=virtual
[ "$(basename "$build")" != sim ] || other=real

# One example; says what is wrong with it.
check_example() {
    local name=$1 output=$folder/$1.output arguments=() code
    [ ! -e "examples/$name.arguments" ] || read -r -a arguments <"examples/$name.arguments"
    timeout 60 "${launcher[@]}" "$build/bin/$name" "${arguments[@]}" >"$output" 2>"$output.err"
    code=$?
    if [ $code -ne 0 ]; then
        echo "FAIL $name ended with code $code"
        tail -n 20 "$output.err"
        return 1
    elif ! diff -u "examples/$name.expected" "$output"; then
        echo "FAIL $name printed something else than examples/$name.expected"
        return 1
    fi
}

# They sleep most of their time, so several run at once.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for source in examples/*.c; do
    ! grep -q "^//.*Tested in $other time" "$source" || continue
    name=$(basename "$source" .c)
    { check_example "$name" >"$folder/$name.verdict" || touch "$folder/$name.failed"; } &
    while [ "$(jobs -rp | wc -l)" -ge 4 ]; do
        wait -n
    done
done
wait
cat "$folder"/*.verdict
failed=$(find "$folder" -name '*.failed' | wc -l)
passed=$(($(find "$folder" -name '*.verdict' | wc -l) - failed))
if [ "$other" = virtual ] && [ ${#launcher[@]} -eq 0 ]; then
    if tests/examples/interrupt.py "$build"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
