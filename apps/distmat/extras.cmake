# What distmat needs beside its folder: libcsv, no fused multiply-add (CPython's digits), and the
# chord loops of this processor family, compiled for instruction sets that are chosen at run time.
# Without libcsv (cross compiling, mostly) what reads no CSV is built and tested all the same.
find_path(LIBCSV_INCLUDE csv.h)
find_library(LIBCSV_LIBRARY csv)
if(NOT LIBCSV_INCLUDE OR NOT LIBCSV_LIBRARY)
    message(STATUS "only parts of distmat are built: libcsv was not found (Debian: libcsv-dev)")
    string(CONCAT TENON_APP_ONLY "/(calculator|chord|chord_portable|equirectangular|haversine"
        "|format|places|powers)(_test)?\\.c$")
else()
    set(TENON_APP_INCLUDES ${LIBCSV_INCLUDE})
    set(TENON_APP_LIBRARIES ${LIBCSV_LIBRARY})
endif()

set(TENON_APP_OPTIONS -ffp-contract=off -fno-math-errno)

set(distmat_family generic)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    set(distmat_family x86_64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(distmat_family aarch64)
endif()
set(distmat_folder ${CMAKE_CURRENT_LIST_DIR}/${distmat_family})
file(GLOB distmat_loops CONFIGURE_DEPENDS ${distmat_folder}/*.c)
add_library(distmat_chord OBJECT ${distmat_loops})
target_include_directories(distmat_chord PRIVATE ${CMAKE_CURRENT_LIST_DIR})
target_compile_options(distmat_chord PRIVATE ${TENON_APP_OPTIONS})
target_link_libraries(distmat_chord PRIVATE tenon_flags)
if(distmat_family STREQUAL x86_64)
    set_source_files_properties(${distmat_folder}/chord_avx512.c PROPERTIES
        COMPILE_OPTIONS "-mavx512f;-mavx512dq")
    set_source_files_properties(${distmat_folder}/chord_avx2.c PROPERTIES
        COMPILE_OPTIONS "-mavx2;-mfma")
endif()
list(APPEND TENON_APP_LIBRARIES distmat_chord m)
