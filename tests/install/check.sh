#!/usr/bin/env bash
# Installs the release into an empty folder and uses it as a stranger would: client.c in C11, C17
# and C++17, through pkg-config and through find_package, shared and static. Also looks at the
# symbols both libraries show. Argument: the build folder.
set -u
build=$1
here=tests/install
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
prefix=$place/prefix
passed=0
failed=0

# expect DESCRIPTION COMMAND...: the command succeeds.
expect() {
    local description=$1
    shift
    if "$@" >"$place/output" 2>&1; then
        passed=$((passed + 1))
    else
        echo "FAIL $description"
        tail -n 30 "$place/output"
        failed=$((failed + 1))
    fi
}

# Only tn_* may be seen from outside. Names with a leading underscore are the compiler's.
shows_only_public_names() {
    local others
    others=$(nm "$@" | awk '{ print $NF }' | grep -v -E '^(tn_|TENON_|_)|:$' | grep .)
    [ -z "$others" ] || echo "these are visible: $others"
    [ -z "$others" ]
}

# build_and_run COMPILER LANGUAGE STANDARD shared|static
build_and_run() {
    local compiler=$1 language=$2 standard=$3 kind=$4
    local flags=() link=() name=$place/${standard}_$kind
    read -r -a flags < <(pkg-config --cflags tenon)
    if [ "$kind" = static ]; then
        flags+=(-DCLIENT_OWN_NAMES)
        read -r -a link < <(pkg-config --static --libs tenon | sed 's/-ltenon/-l:libtenon.a/')
    else
        read -r -a link < <(pkg-config --libs tenon)
        link+=("-Wl,-rpath,$(pkg-config --variable=libdir tenon)")
    fi
    "$compiler" -x "$language" -std="$standard" -Wall -Wextra -Werror -pedantic-errors \
        "${flags[@]}" "$here/client.c" -x none -o "$name" "${link[@]}" && [ "$("$name")" = 610 ]
}

expect "cmake --install" cmake --install "$build" --prefix "$prefix"
library=$(dirname "$(find "$prefix" -name libtenon.a)")
export PKG_CONFIG_PATH=$library/pkgconfig

expect "libtenon.so exports tn_* only" \
    shows_only_public_names -D --defined-only "$library/libtenon.so"
expect "libtenon.a shows tn_* only" shows_only_public_names -g --defined-only "$library/libtenon.a"
expect "the manual is there" test -e "$prefix/share/man/man3/tn_spawn.3"
expect "the shared library is called libtenon.so.0" test -e "$library/libtenon.so.0"

for kind in shared static; do
    expect "C11 through pkg-config, $kind" build_and_run gcc c c11 $kind
    expect "C17 through pkg-config, $kind" build_and_run gcc c c17 $kind
    expect "C++17 through pkg-config, $kind" build_and_run g++ c++ c++17 $kind
done

expect "find_package finds it" \
    cmake -S "$here" -B "$place/client" -G Ninja -DCMAKE_PREFIX_PATH="$prefix"
expect "a project builds with it" cmake --build "$place/client"
for program in {shared,static}_{c11,c17,cxx17}; do
    expect "the project's $program runs" test "$("$place/client/$program")" = 610
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
