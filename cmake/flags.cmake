# How C is compiled here: one interface target, tenon_flags, that every target of ours links; it is
# called tenon_plain_flags without its sanitizers.
include(CheckCCompilerFlag)

add_library(tenon_plain_flags INTERFACE)
add_library(tenon_flags INTERFACE)
target_link_libraries(tenon_flags INTERFACE tenon_plain_flags)
target_compile_options(tenon_plain_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wvla
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
    $<$<BOOL:${TENON_WERROR}>:-Werror>)

# A large local must touch every page on its way down, or it could step over a stack's guard.
check_c_compiler_flag(-fstack-clash-protection TENON_HAS_STACK_CLASH_PROTECTION)
if(TENON_HAS_STACK_CLASH_PROTECTION)
    target_compile_options(tenon_plain_flags INTERFACE
        $<$<COMPILE_LANGUAGE:C>:-fstack-clash-protection>)
endif()

# gcc clears structures of some hundred bytes by rep stos, which takes 30 cycles to begin; each wait
# has such a one.
set(TENON_CLEAR_BY_STORES -mmemset-strategy=unrolled_loop:256:noalign,libcall:-1:noalign)
check_c_compiler_flag(${TENON_CLEAR_BY_STORES} TENON_HAS_MEMSET_STRATEGY)
if(TENON_HAS_MEMSET_STRATEGY)
    target_compile_options(tenon_plain_flags INTERFACE ${TENON_CLEAR_BY_STORES})
endif()

if(NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR TENON_SANITIZE)
    target_compile_options(tenon_plain_flags INTERFACE -fno-omit-frame-pointer)
endif()

if(TENON_SANITIZE)
    target_compile_options(tenon_flags INTERFACE
        -fsanitize=${TENON_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(tenon_flags INTERFACE -fsanitize=${TENON_SANITIZE})
endif()

# Builds with assertions watch the order in which locks are taken: include/tenon/mutex.h.
if(NOT CMAKE_BUILD_TYPE MATCHES "^(Release|MinSizeRel|RelWithDebInfo)$" OR TENON_SANITIZE)
    target_compile_definitions(tenon_plain_flags INTERFACE TN_WATCH_LOCKS=1)
endif()
