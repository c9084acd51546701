#!/usr/bin/env bash
# Each public header, included alone and twice, compiles without a warning as C11, C17 and C++17,
# with every compiler that is here. One result for each header, compiler and language.
set -u
passed=0
failed=0

# check HEADER COMPILER LANGUAGE STANDARD
check() {
    if printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$1" "$1" |
        "$2" -x "$3" -std="$4" -Iinclude -Wall -Wextra -Wshadow -pedantic-errors -Werror \
            -fsyntax-only -; then
        passed=$((passed + 1))
    else
        echo "FAIL $1 alone, as $4 with $2"
        failed=$((failed + 1))
    fi
}

for path in include/*.h include/*/*.h; do
    [ -e "$path" ] || continue
    header=${path#include/}
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        check "$header" $compiler c c11
        check "$header" $compiler c c17
        check "$header" $compiler c++ c++17
    done
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
