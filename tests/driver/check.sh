#!/usr/bin/env bash
# Tests the test driver: planted_failures must be judged exactly as planted.expected says, and its
# exit code, its filter and its replay line must work. Argument: the build folder.
set -u
program=$1/bin/planted_failures
expected=tests/driver/planted.expected
passed=0
failed=0

# expect DESCRIPTION COMMAND...: the command succeeds.
expect() {
    local description=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        echo "FAIL $description"
        failed=$((failed + 1))
    fi
}

judges_as_expected() {
    "$program" --seed 7 2>&1 | sed "s|$program|PROGRAM|; s|[^ ]*/planted.c:[0-9]*|planted.c|" |
        diff -u "$expected" -
}

# ends_with_code CODE ARGUMENTS...
ends_with_code() {
    local expected_code=$1
    shift
    "$program" "$@" >/dev/null 2>&1
    [ $? -eq "$expected_code" ]
}

expect "every ending is judged as expected" judges_as_expected
expect "a failure makes the exit code 1" ends_with_code 1 unequal_numbers
expect "a pass makes it 0" ends_with_code 0 equal_numbers_are_equal
expect "a name that no test has is a failure" ends_with_code 1 no_such_test
expect "--list names every test" test "$("$program" --list | wc -l)" -eq \
    "$(grep -c '^TEST' tests/driver/planted.c)"
expect "the replay line repeats the failure" ends_with_code 1 --seed 7 unequal_numbers_are_reported
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
