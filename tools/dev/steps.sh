# Building, and the steps of `./dev test`. Sourced by dev; the current directory is the repository.
# Every step writes a log to build/log/ and is judged by the lines `N passed, N failed` in it; a
# step that fails without such a line counts as one failure. Start reading at run_tests.

cores=$(nproc 2>/dev/null || echo 2)
passed=0
failed=0
skipped=0
brief=no
is_testing=no
is_named=no # the presets were named on the command line

# The targets of a configured build that tests need, one a line: benches and models run in the
# release only, and in a quick test neither they nor the stress programs.
needed_targets() {
    local left_out='^model_'
    [ $brief = no ] || left_out='^(model|stress)_'
    grep -v -E "$left_out" "build/$1/tests.txt"
    basename -s .c examples/*.c
    echo planted_failures
    # What it needs may be missing there (apps/distmat/extras.cmake).
    ! cmake --build "build/$1" --target help | grep -q '^distmat:' || echo distmat
}

# compile PRESET: all of it, or what the tests need. Each of the two compilers sees everything once.
compile() {
    local targets=()
    if [ $brief = yes ] || { [ $is_testing = yes ] && [[ $1 != release && $1 != clang ]]; }; then
        mapfile -t targets < <(needed_targets "$1")
        targets=(--target "${targets[@]}")
    fi
    cmake --build "build/$1" -j "$cores" "${targets[@]}"
}

# Nobody looks at variables when all is tested: the numbers of lines are enough, and compile sooner.
debugging_of() {
    [ $is_testing = yes ] && [ $is_named = no ] || return
    case $1 in
        clang | aarch64) echo -DCMAKE_C_FLAGS=-g1 ;;
        asan | tsan | sim | generic) echo -DCMAKE_C_FLAGS_DEBUG=-g1 ;;
    esac
}

# build PRESET: configure and build; prints one line, or the end of the log when it fails.
build() {
    local preset=$1 debugging
    local log=build/log/build_$preset.txt
    local start=$SECONDS
    mkdir -p build/log
    read -r -a debugging <<<"$(debugging_of "$preset")"
    if { cmake --preset "$preset" "${debugging[@]}" && compile "$preset"; } >"$log" 2>&1; then
        printf '%-24s built in %d s\n' "$preset" $((SECONDS - start))
    else
        grep -E -A 8 'error|FAILED|Error' "$log" | head -n 60
        echo "dev: building $preset failed; the whole output is in $log"
        return 1
    fi
}

# count LOG: adds the sums of its result lines; prints them.
count() {
    local p f s
    read -r p f s < <(awk '/^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3; s += $5 }
        END { print p + 0, f + 0, s + 0 }' "$1")
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
    printf '%d passed, %d failed' "$p" "$f"
    [ "$s" -eq 0 ] || printf ', %d skipped' "$s"
    step_failures=$f
}

# step NAME COMMAND...: run it into a log, count its results, show what failed.
step() {
    local name=$1
    shift
    local log=build/log/${name// /_}.txt
    local start=$SECONDS code
    "$@" >"$log" 2>&1
    code=$?
    printf '%-24s ' "$name"
    count "$log"
    if [ $code -ne 0 ] && [ "$step_failures" -eq 0 ]; then
        failed=$((failed + 1))
        step_failures=1
        printf ' - ended with code %d' $code
    fi
    printf ' (%d s)\n' $((SECONDS - start))
    grep '^again: ' "$log"
    [ "$step_failures" -eq 0 ] || show_failures "$log"
}

# The beginnings of the blocks of a log that start with FAIL; the log's end when there are none.
show_failures() {
    echo "--- from $1"
    if grep -q '^FAIL' "$1"; then
        awk '/^FAIL/ { shown = 30 } /^(#|note|skip|ok) |^[0-9]+ passed/ { shown = 0 }
            shown && (--shown || /replay:/)' "$1" | head -n 120
    else
        tail -n 60 "$1"
    fi
    echo "---"
}

# Sets `launcher`, what a preset's programs are started with, and the environment they get.
choose_launcher() {
    launcher=()
    program_arguments=()
    program_seconds_max=240
    unset TENON_TEST_SLOWNESS
    case $1 in
        aarch64)
            local qemu
            qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static)
            launcher=("$qemu" -L /usr/aarch64-linux-gnu)
            export TENON_TEST_SLOWNESS=6
            program_seconds_max=600
            ;;
        tsan)
            # With all of its randomness the address space may lie where the sanitizer cannot map.
            ! setarch -R true 2>/dev/null || launcher=(setarch -R)
            # Each test is a process, and would sleep a second at its end.
            export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:atexit_sleep_ms=20
            ;;
        asan)
            export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
            export UBSAN_OPTIONS=print_stacktrace=1
            ;;
    esac
    export TENON_LAUNCHER="${launcher[*]}"
}

# One test program into its own file; one that dies before its last line, or goes on for longer than
# all of its tests together may, is a failure.
run_program() {
    local program=$1 output=$2
    echo "# $program" >"$output"
    timeout -s QUIT -k 10 "$program_seconds_max" "${launcher[@]}" "$program" \
        "${program_arguments[@]}" >>"$output" 2>&1
    local code=$?
    if ! tail -n 1 "$output" | grep -q -E '^[0-9]+ passed, [0-9]+ failed'; then
        printf 'FAIL %s ended with code %d before its last line\n0 passed, 1 failed\n' \
            "$program" $code >>"$output"
    fi
}

# run_width WIDTH PRESET FOLDER: the programs named on standard input, WIDTH at a time.
run_width() {
    local width=$1 preset=$2 folder=$3 name
    while read -r name; do
        run_program "build/$preset/bin/$name" "$folder/$name.txt" &
        while [ "$(jobs -rp | wc -l)" -ge "$width" ]; do
            wait -n
        done
    done
    wait
}

# run_again PRESET FOLDER: time is real here, and other programs may keep a test from its share of
# it. So a test that has failed runs once more, alone: if it passes then, it counts as passed, and a
# line says so, for it still is not as it should be. On the simulated system, a test that fails once
# fails for good.
run_again() {
    local preset=$1 folder=$2 output name program p f rest
    for output in "$folder"/*.txt; do
        program=build/$preset/bin/$(basename "$output" .txt)
        for name in $(sed -n 's/^FAIL \([a-z0-9_:]*\): .*/\1/p' "$output"); do
            timeout -s QUIT -k 10 "$program_seconds_max" "${launcher[@]}" "$program" "$name" \
                >"$folder/again" 2>&1 || continue
            read -r p _ f rest < <(tail -n 1 "$output" | tr -d ,)
            sed -i -e "s/^FAIL \($name: .*\)/again: $name passed alone; before: \1/" \
                -e "\$ s/.*/$((p + 1)) passed, $((f - 1)) ${rest/failed /failed, }/" "$output"
        done
    done
}

# Every test program of a preset. Models are explored on one thread and measure no time, so there is
# one for each core; and what they find does not depend on the preset, so the release is enough.
# Programs of threads share the cores, two for each where they wait more than they compute, and what
# comes too late because of that gets another chance (run_again).
# With `brief` set, models and the stress programs are left out.
run_programs() {
    local preset=$1 left_out='^model_' width=$cores
    local folder=build/log/programs_$preset list=build/$preset/tests.txt
    rm -rf "$folder"
    mkdir -p "$folder"
    choose_launcher "$preset"
    case $preset in
        release | clang | generic | sim) width=$((2 * cores)) ;;
    esac
    [ "$preset" != sim ] || left_out='^(model|contract)_' # run_contract_seeded
    [ $brief = no ] || left_out="$left_out|^stress_"
    if [ $brief = no ] && [ "$preset" = release ]; then
        grep '^model_' "$list" | program_seconds_max=1200 run_width "$cores" "$preset" "$folder"
    fi
    grep -v -E "$left_out" "$list" | run_width "$width" "$preset" "$folder"
    [ "$preset" = sim ] || run_again "$preset" "$folder"
    cat "$folder"/*.txt
}

# The simulated system repeats a run exactly, so it is run under several seeds, and in each hard
# mode (src/scheduler/hard.h). The first seed is new each time, and gets the stress programs too; a
# failure prints the command that replays it.
run_programs_seeded() {
    local seed mode brief=no
    for seed in "$(date +%s)" 1 2; do
        echo "# seed $seed"
        TENON_SEED=$seed run_programs sim
        brief=yes
    done
    for mode in steal park move; do
        echo "# hard mode $mode"
        TENON_HARD=$mode run_programs sim
    done
}

# run_contract_seeded SEEDS PROGRAMS MODE [OPTION]: the contract suite on the simulated system,
# where time is virtual and a test takes a millisecond: each test of the programs that match, under
# that many seeds, a fifth of them new each time, in a hard mode or (empty) in none.
run_contract_seeded() {
    local seeds=$1 programs=$2 mode=$3 option=${4:-} first count
    local folder=build/log/contract_sim$option${mode:+-$mode}
    choose_launcher sim
    program_seconds_max=1200
    while read -r first count; do
        rm -rf "$folder"
        mkdir -p "$folder"
        program_arguments=(--seed "$first" --repeat "$count" ${option:+"$option"})
        echo "# ${mode:-plain} $option: $count seeds from $first on"
        grep "^contract_$programs" build/sim/tests.txt |
            TENON_HARD=$mode run_width "$cores" sim "$folder"
        cat "$folder"/*.txt
    done <<<"1 $((seeds * 4 / 5))
$(date +%s) $((seeds / 5))"
}

# Scripts tests/NAME/check.sh or check.py look at finished programs; they get the build folder.
run_check() {
    local name=$1 preset=$2 path
    choose_launcher "$preset"
    for path in "tests/$name/check.sh" "tests/$name/check.py"; do
        if [ -e "$path" ]; then
            case $path in
                *.py) python3 "$path" "build/$preset" ;;
                *) bash "$path" "build/$preset" ;;
            esac
            return
        fi
    done
}

# Prints a line for each hard mode, so that one sees it move on. There are more seeds, and as many
# in the hard modes as in none, when the preset is tested by name. At last one call to the system
# fails in each test.
test_contract() {
    local mode seeds=200 seeds_plain=200
    [ $is_named = yes ] || seeds=30 seeds_plain=100
    step "sim contract" run_contract_seeded $seeds_plain "" ""
    for mode in steal park move; do
        step "sim contract $mode" run_contract_seeded $seeds "" "$mode"
    done
    step "sim contract failing" run_contract_seeded $seeds "" "" --failing
}

test_preset() {
    local preset=$1
    if ! build "$preset"; then
        failed=$((failed + 1))
        return
    fi
    if [ "$preset" = sim ]; then
        step "$preset tests" run_programs_seeded
        test_contract
    else
        step "$preset tests" run_programs "$preset"
    fi
    [ $brief = yes ] || step "$preset examples" run_check examples "$preset"
}

# The names of the checks that need one finished release: each tests/NAME/check.* but those run
# elsewhere, or, in a quick test, all but those that take long.
release_checks() {
    local left_out='^(examples|headers|install)$'
    [ $brief = no ] || left_out='^(headers|install|benches|dframes)$'
    printf '%s\n' tests/*/check.* | cut -d / -f 2 | grep -v -E "$left_out"
}

# One of them into its own file; one that ends badly without a line that says so is a failure.
run_check_apart() {
    local name=$1 log=build/log/check_$1.txt code
    run_check "$name" release >"$log" 2>&1
    code=$?
    if [ $code -ne 0 ] && ! grep -q -E '^[0-9]+ passed, [1-9][0-9]* failed' "$log"; then
        printf 'FAIL %s ended with code %d\n0 passed, 1 failed\n' "$name" $code >>"$log"
    fi
}

# They run side by side, and are counted afterwards.
test_release_checks() {
    local name names
    mapfile -t names < <(release_checks)
    for name in "${names[@]}"; do
        run_check_apart "$name" &
        while [ "$(jobs -rp | wc -l)" -ge "$cores" ]; do
            wait -n
        done
    done
    wait
    for name in "${names[@]}"; do
        step "release $name" cat "build/log/check_$name.txt"
    done
}

test_style() {
    step "style" python3 tools/style.py
    step "style checker" python3 tools/style_test.py
    [ $brief = yes ] || step "headers" run_check headers release
}

finish() {
    printf '%d s in all' $SECONDS
    [ $skipped -eq 0 ] || printf '; %d skipped' $skipped
    printf '\n%d passed, %d failed\n' $passed $failed
    [ $failed -eq 0 ]
}

# run_tests [quick | PRESET ...]
run_tests() {
    is_testing=yes
    mkdir -p build/log
    local presets=(release clang asan tsan sim generic) preset
    [ "$(uname -m)" != x86_64 ] || presets+=(aarch64)
    case ${1:-all} in
        all) test_style ;;
        quick)
            brief=yes
            test_style
            presets=(release)
            ;;
        *)
            is_named=yes
            presets=("$@")
            ;;
    esac
    for preset in "${presets[@]}"; do
        test_preset "$preset"
        [ "$preset" != release ] || test_release_checks
    done
    [ $# -gt 0 ] || step "installation" run_check install release
    finish
}
