# What building and testing need, and how it is installed where it is missing. Sourced by dev.
# Rule: nothing is asked of the network, nor of the package manager, unless something is missing.
# Start reading at install_for.

missing_packages=()

# want PACKAGE WHY: note that a package has to be installed.
want() {
    echo "dev: $1 is missing: $2"
    missing_packages+=("$1")
}

# need COMMAND PACKAGE WHY
need() {
    command -v "$1" >/dev/null || want "$2" "$3"
}

has_header() {
    command -v gcc >/dev/null && printf '#include <%s>\n' "$1" | gcc -E -x c - >/dev/null 2>&1
}

# Whether clang can link a program with a sanitizer: its runtimes are a package of their own.
has_clang_runtime() {
    echo 'int main(void) { return 0; }' |
        clang -x c - -fsanitize=thread -o /dev/null >/dev/null 2>&1
}

want_clang_runtime() {
    local major
    major=$(clang --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
    [ -n "$major" ] || major=$(apt-cache depends clang 2>/dev/null |
        sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
    local package=libclang-rt-$major-dev
    apt-cache show "$package" >/dev/null 2>&1 || package=libclang-common-$major-dev
    want "$package" "the sanitizers' runtimes for clang"
}

check_for_run() {
    need cmake cmake "it configures the build"
    need ninja ninja-build "it runs the build"
    need gcc gcc "it compiles the release"
    has_header stdio.h || want libc6-dev "the C library's headers"
    has_header csv.h || want libcsv-dev "distmat reads its input through libcsv"
}

check_for_test() {
    check_for_run
    need g++ g++ "the public headers are checked as C++ too"
    need python3 python3 "the style checker is written in it"
    need mandoc mandoc "it checks the manual pages"
    has_header cbor.h || want libcbor-dev "what travels is compared with another CBOR library"
    has_header uv.h || want libuv1-dev "the guide compares with libuv, and runs what it shows"
    need pkg-config pkg-config "the installation test finds the library through it"
    need clang clang "the tests also run compiled by clang"
    if ! command -v clang >/dev/null || ! has_clang_runtime; then
        refresh_package_lists
        want_clang_runtime
    fi
    [ "$(uname -m)" = x86_64 ] || return 0
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu "it cross-compiles to 64-bit Arm"
    [ -e /usr/aarch64-linux-gnu/include/stdio.h ] ||
        want libc6-dev-arm64-cross "the C library for 64-bit Arm"
    command -v qemu-aarch64-static >/dev/null ||
        need qemu-aarch64 qemu-user "it runs the tests built for 64-bit Arm"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

lists_are_fresh=no
refresh_package_lists() {
    [ $lists_are_fresh = no ] || return 0
    command -v apt-get >/dev/null || return 0
    echo "dev: reading the package lists"
    as_root apt-get update -qq || return 1
    lists_are_fresh=yes
}

install_missing() {
    [ ${#missing_packages[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "dev: this system has no apt-get; please install what is named above" >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        echo "dev: neither root nor sudo; please run as root:" \
            "apt-get install ${missing_packages[*]}" >&2
        return 1
    fi
    refresh_package_lists || return 1
    echo "dev: installing ${missing_packages[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing_packages[@]}" >/dev/null
}

# install_for run|test: make sure that what the command needs is there, or stop with a sentence.
install_for() {
    "check_for_$1"
    if ! install_missing; then
        echo "dev: could not install what is missing" >&2
        exit 1
    fi
}
