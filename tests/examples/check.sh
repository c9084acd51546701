#!/usr/bin/env bash
# Runs every example and compares what it prints with examples/NAME.expected, byte by byte; an
# example without expected output fails, so that none can rot. Argument: the build folder.
# One that says "Tested in virtual time" runs in the build for the simulated system only, and one
# that says "Tested in real time" in the others only; one that "takes its time" in the release and
# on the simulated system only. In these two
# each runs once more with other processes, and once more at the lowest level (TENON_LEVEL) unless
# it "shows its threads": what it prints must be the same. Every example refuses a number of
# processes that is none.
set -u
build=$1
read -r -a launcher <<<"${TENON_LAUNCHER:-}"
other=virtual
[ "$(basename "$build")" != sim ] || other=real
has_time=no
case $(basename "$build") in
    release | sim) has_time=yes ;;
esac

# check_output NAME VARIANT ARGUMENT...: one example; says what is wrong with it.
check_output() {
    local name=$1 output=$folder/$1.$2.output code
    shift 2
    timeout 60 "${launcher[@]}" "$build/bin/$name" "$@" >"$output" 2>"$output.err"
    code=$?
    if [ $code -ne 0 ]; then
        echo "FAIL $name $* ended with code $code"
        tail -n 20 "$output.err"
        return 1
    elif ! diff -u "examples/$name.expected" "$output"; then
        echo "FAIL $name $* printed something else than examples/$name.expected"
        return 1
    fi
}

check_refusal() {
    local name=$1 errors=$folder/$1.refused.err code
    timeout 60 "${launcher[@]}" "$build/bin/$name" --processes many >/dev/null 2>"$errors"
    code=$?
    if [ $code -ne 2 ] || ! grep -q '^tenon: --processes is "many"; it can be' "$errors"; then
        echo "FAIL $name --processes many ended with code $code"
        tail -n 20 "$errors"
        return 1
    fi
}

check() {
    case $2 in
        plain) check_output "$1" "$2" ;;
        processes) check_output "$1" "$2" --processes 2 ;;
        serial) TENON_LEVEL=serial check_output "$1" "$2" ;;
        refused) check_refusal "$1" ;;
    esac
}

# Prints how one that has that source is run.
variants() {
    echo plain refused
    case $(basename "$build") in
        release) echo processes ;;
        sim) grep -q "^//.*Tested in virtual time" "$1" && echo processes ;;
        *) false ;;
    esac && ! grep -q '^//.*shows its threads' "$1" && echo serial
}

# They sleep most of their time, so several run at once.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for source in examples/*.c; do
    ! grep -q "^//.*Tested in $other time" "$source" || continue
    [ $has_time = yes ] || ! grep -q '^//.*takes its time' "$source" || continue
    name=$(basename "$source" .c)
    for variant in $(variants "$source"); do
        { check "$name" "$variant" >"$folder/$name.$variant.verdict" ||
            touch "$folder/$name.$variant.failed"; } &
        while [ "$(jobs -rp | wc -l)" -ge 8 ]; do
            wait -n
        done
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
