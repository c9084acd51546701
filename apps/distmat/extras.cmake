# What distmat needs beyond the library: libcsv, and products that are not contracted into fused
# multiply-adds, so that its digits are the same with every compiler.
find_path(CSV_INCLUDE csv.h)
find_library(CSV_LIBRARY csv)
if(CMAKE_CROSSCOMPILING OR NOT CSV_INCLUDE OR NOT CSV_LIBRARY)
    message(STATUS "tenon: no libcsv for this target; distmat is left out")
    set(TENON_APP_SKIPPED ON)
    return()
endif()
set(TENON_APP_INCLUDES ${CSV_INCLUDE})
set(TENON_APP_LIBRARIES ${CSV_LIBRARY} m)
set(TENON_APP_OPTIONS -ffp-contract=off)
