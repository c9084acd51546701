#!/usr/bin/env bash
# DFrames and the tools around them: what must not compile does not, with its sentence, with gcc and
# clang, as C and C++; registration survives every way of building that we know; and so do other
# processes, whatever becomes of the program's file meanwhile. Argument: the build folder.
set -u
build=$(realpath "$1")
here=tests/dframes
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
library=$(realpath "$(find "$build" -maxdepth 1 -name libtenon.a)")
shared=$(dirname "$library")
passed=0
failed=0

result() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $2"
        head -n 20 "$place/output"
    fi
}

# refuse NUMBER COMPILER LANGUAGE STANDARD: it must not compile, and say why.
refuse() {
    local sentence
    sentence=$(sed -n "s/^#elif REFUSED == $1  *\/\/ sentence: //p" $here/refused.c)
    "$2" -x "$3" -std="$4" -Iinclude -DREFUSED="$1" -fsyntax-only $here/refused.c \
        >"$place/output" 2>&1
    [ $? -ne 0 ] && [ -n "$sentence" ] && grep -q -F "$sentence" "$place/output"
    result $? "declaration $1 is refused with its sentence by $2 as $4"
}

for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for language in "c c11" "c++ c++17"; do
        read -r name standard <<<"$language"
        $compiler -x "$name" -std="$standard" -Iinclude -DREFUSED=0 -Wall -Wextra -pedantic-errors \
            -Werror -fsyntax-only $here/refused.c >"$place/output" 2>&1
        result $? "what travels compiles with $compiler as $standard"
        for number in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
            refuse $number $compiler "$name" "$standard"
        done
    done
done

# In these, + stands for a space and - for an underscore.
own="first+known never-called+known answer+42"
both="$own elsewhere+known"

# expect_lines DESCRIPTION LINES PROGRAM ARGUMENTS...: it prints these lines, in any order.
expect_lines() {
    local description=$1 lines=$2
    shift 2
    "$@" >"$place/raw" 2>&1
    local code=$?
    sort "$place/raw" >"$place/output"
    printf '%s\n' $lines | tr '+-' ' _' | sort >"$place/expected"
    [ $code -eq 0 ] && diff "$place/expected" "$place/output" >"$place/difference"
    code=$?
    [ $code -eq 0 ] || cat "$place/difference" >>"$place/output"
    result $code "$description"
}

# registers DESCRIPTION COMPILER OPTIONS...: both files, in one program.
registers() {
    local description=$1
    shift
    if "$@" -Iinclude $here/registered.c $here/others.c -o "$place/program" "$library" -lm \
        -pthread -ldl >"$place/output" 2>&1; then
        expect_lines "$description: all are known" "$both" "$place/program"
    else
        result 1 "$description: builds"
    fi
}

for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    registers "$compiler -O0" $compiler -O0
    registers "$compiler -O3, sections collected" $compiler -O3 -ffunction-sections \
        -fdata-sections -Wl,--gc-sections
    registers "$compiler, position dependent" $compiler -O2 -fno-pie -no-pie
    registers "$compiler, position independent" $compiler -O2 -fPIE -pie
done
registers "gcc -flto, sections collected" gcc -O2 -flto -ffunction-sections -Wl,--gc-sections
registers "static" gcc -O2 -static
registers "static, position independent" gcc -O2 -static-pie -fPIE
registers "AddressSanitizer" gcc -O1 -fsanitize=address

gcc -O2 -fPIC -shared -DPLUGIN -Iinclude $here/others.c -o "$place/plugin.so" -L"$shared" -ltenon \
    >"$place/output" 2>&1 && gcc -O2 -Iinclude $here/registered.c -o "$place/host" -L"$shared" \
    -ltenon "-Wl,-rpath,$shared" -ldl >"$place/output" 2>&1
result $? "a program and its plug-in build"
expect_lines "a plug-in's are known each time it is loaded" \
    "$own plugin+elsewhere+known plugin+elsewhere+known" "$place/host" "$place/plugin.so"

# A member of an archive that nobody names stays out; with --whole-archive it is there.
gcc -O2 -Iinclude -c $here/others.c -o "$place/others.o" && ar rc "$place/libothers.a" \
    "$place/others.o"
gcc -O2 -Iinclude $here/registered.c -o "$place/left_out" "$place/libothers.a" "$library" -lm \
    -pthread -ldl >"$place/output" 2>&1
expect_lines "an archive's member that nobody names is not there" "$own" "$place/left_out"
gcc -O2 -Iinclude $here/registered.c -o "$place/whole" -Wl,--whole-archive "$place/libothers.a" \
    -Wl,--no-whole-archive "$library" -lm -pthread -ldl >"$place/output" 2>&1
expect_lines "with --whole-archive it is" "$both" "$place/whole"

# Two that nobody could tell apart.
sed 's/elsewhere/first/; s/double, first, (tn_doubles, x)/int, first, (int, x)/
    s/return x.count.*/return x;/' $here/others.c >"$place/twin.c"
gcc -O2 -Iinclude $here/registered.c "$place/twin.c" -o "$place/twins" "$library" -lm -pthread \
    -ldl >"$place/output" 2>&1 && "$place/twins" >"$place/output" 2>&1
grep -q "two DFrames are called first and take and give the same" "$place/output"
result $? "two with the same name and types are reported when the program starts"

# runs DESCRIPTION WHERE COMMAND...: the program's DFrames ran there, and neither main nor a
# constructor behind them was called a second time.
runs() {
    local description=$1 where=$2
    shift 2
    TENON_PLACE=remote timeout 20 "$@" >"$place/output" 2>"$place/errors"
    [ $? -eq 0 ] && [ "$(cat "$place/output")" = "constructed
main
$where" ]
    result $? "$description: $where"
}

# processes DESCRIPTION NAME COMPILER OPTIONS...: builds a program of that name, and runs it.
processes() {
    local description=$1 name=$2
    shift 2
    "$@" -Iinclude $here/processes.c -o "$place/$name" "$library" -lm -pthread \
        >"$place/output" 2>&1
    result $? "$description: builds"
    runs "processes of a program: $description" away "$place/$name"
}

# meanwhile COMMAND PROGRAM: the program starts, then the command runs, then its DFrames do.
meanwhile() {
    (sleep 0.2 && $1 && echo go) | "$2" wait
}

# without_proc COMMAND...
without_proc() {
    unshare -m bash -c "$(declare -f meanwhile)"'; mount -t tmpfs none /proc && "$@"' bash "$@"
}

processes "position independent" plain gcc -O2 -fPIE -pie
processes "position dependent" fixed gcc -O2 -fno-pie -no-pie
processes "static" static gcc -O2 -static
processes "static, position independent" static_pie gcc -O2 -static-pie -fPIE
processes "AddressSanitizer" checked gcc -O1 -fsanitize=address
processes "without a build-id" nameless gcc -O2 -Wl,--build-id=none
export -f meanwhile runs
cp "$place/plain" "$place/replaced"
runs "a program whose file is replaced meanwhile" away \
    bash -c "meanwhile 'cp --remove-destination $place/fixed $place/replaced' $place/replaced"
cp "$place/plain" "$place/removed"
runs "a program whose file is removed meanwhile" away \
    bash -c "meanwhile 'rm $place/removed' $place/removed"
gcc -O2 -D_GNU_SOURCE $here/confined.c -o "$place/confined" >"$place/output" 2>&1
result $? "a filter like that of containers builds"
chmod 755 "$place"
runs "a program confined as in a container" away "$place/confined" "$place/plain"
if unshare -m true 2>/dev/null; then
    export -f without_proc
    runs "a program without /proc" away bash -c "without_proc $place/plain"
    runs "a static program without /proc" away bash -c "without_proc $place/static"
    cp "$place/plain" "$place/replaced"
    runs "a program without /proc whose file is replaced meanwhile" here bash -c "without_proc \
        meanwhile 'cp --remove-destination $place/fixed $place/replaced' $place/replaced"
    grep -q "no other process can be started" "$place/errors"
    result $? "a program that can't be started any more says so"
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
