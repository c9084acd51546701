# Applications, examples and benches, found by name; all link the static library and see only the
# public headers. Their binaries lie together in bin/.
#   examples/NAME.c          bin/NAME
#   apps/NAME/*.c            bin/NAME: all files but *_test.c, where there is a main.c; what else
#                            the application needs is said in apps/NAME/extras.cmake
#   bench/NAME.c             bin/bench_NAME; a name that ends in _openmp is compiled with OpenMP and
#                            for this machine, by gcc only
#   src/LAYER/NAME_bench.c   bin/bench_NAME, with the library's internals visible
find_package(OpenMP QUIET COMPONENTS C)

function(add_program name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE tenon_static tenon_flags)
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
endfunction()

file(GLOB examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c)
foreach(source IN LISTS examples)
    get_filename_component(name ${source} NAME_WE)
    add_program(${name} ${source})
endforeach()

# An application is a library, so that its tests can link everything but its main.c. Where something
# is missing, its extras.cmake may name in TENON_APP_ONLY (a regular expression) the files that can
# be built all the same: their tests then run, and without main.c there is no program.
set(TENON_APP_TESTS)
file(GLOB mains CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/*/main.c)
foreach(main IN LISTS mains)
    get_filename_component(folder ${main} DIRECTORY)
    get_filename_component(name ${folder} NAME)
    set(TENON_APP_ONLY ".")
    set(TENON_APP_LIBRARIES)
    set(TENON_APP_INCLUDES)
    set(TENON_APP_OPTIONS)
    include(${folder}/extras.cmake OPTIONAL)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
    list(FILTER sources INCLUDE REGEX ${TENON_APP_ONLY})
    list(FIND sources ${main} main_index)
    list(REMOVE_ITEM sources ${main})
    set(tests ${sources})
    list(FILTER tests INCLUDE REGEX "_test\\.c$")
    list(FILTER sources EXCLUDE REGEX "_test\\.c$")
    add_library(app_${name} STATIC ${sources})
    target_include_directories(app_${name} PUBLIC ${folder} ${TENON_APP_INCLUDES})
    target_compile_definitions(app_${name} PUBLIC _GNU_SOURCE)
    target_compile_options(app_${name} PUBLIC ${TENON_APP_OPTIONS})
    target_link_libraries(app_${name} PUBLIC tenon_static tenon_flags ${TENON_APP_LIBRARIES})
    if(NOT main_index EQUAL -1)
        add_program(${name} ${main})
        target_link_libraries(${name} PRIVATE app_${name})
    endif()
    foreach(test IN LISTS tests)
        list(APPEND TENON_APP_TESTS "${name}|${test}")
    endforeach()
endforeach()

file(GLOB benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
foreach(source IN LISTS benches)
    get_filename_component(name ${source} NAME_WE)
    if(NOT name MATCHES "_openmp$")
        add_program(bench_${name} ${source})
    elseif(OpenMP_C_FOUND AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT TENON_SANITIZE
           AND NOT CMAKE_CROSSCOMPILING)
        add_program(bench_${name} ${source})
        target_compile_options(bench_${name} PRIVATE -Ofast -march=native)
        target_link_libraries(bench_${name} PRIVATE OpenMP::OpenMP_C)
    endif()
endforeach()

foreach(source IN LISTS TENON_UNIT_BENCHES)
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "_bench$" "" name ${name})
    add_executable(bench_${name} ${source})
    target_link_libraries(bench_${name} PRIVATE tenon_bare)
endforeach()
