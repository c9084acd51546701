# Finds the library's sources. A file belongs to it by lying in a layer's folder, unless its name
# ends in _test, _bench or _model. src/os/*.c is common; src/os/${TENON_OS}/ is chosen by option.
# Files for one kind of machine (src/context) are empty on any other by themselves.
set(TENON_LAYERS base context os stack scheduler frame sync io executor cluster)

set(TENON_SOURCES)
set(TENON_UNIT_TESTS)
set(TENON_UNIT_BENCHES)
foreach(layer IN LISTS TENON_LAYERS)
    set(folder ${PROJECT_SOURCE_DIR}/src/${layer})
    set(patterns ${folder}/*.c ${folder}/*.S)
    if(layer STREQUAL "os")
        list(APPEND patterns ${folder}/${TENON_OS}/*.c)
    endif()
    file(GLOB found CONFIGURE_DEPENDS ${patterns})
    set(tests ${found})
    list(FILTER tests INCLUDE REGEX "_test\\.c$")
    list(APPEND TENON_UNIT_TESTS ${tests})
    set(benches ${found})
    list(FILTER benches INCLUDE REGEX "_bench\\.c$")
    list(APPEND TENON_UNIT_BENCHES ${benches})
    list(FILTER found EXCLUDE REGEX "_(test|bench|model)\\.c$")
    list(APPEND TENON_SOURCES ${found})
endforeach()

# What the chosen variants are called in C.
set(TENON_DEFINITIONS _GNU_SOURCE)
if(TENON_OS STREQUAL "sim")
    list(APPEND TENON_DEFINITIONS TENON_SIM=1)
endif()
if(TENON_CONTEXT STREQUAL "generic")
    list(APPEND TENON_DEFINITIONS TENON_CONTEXT_GENERIC=1)
endif()
