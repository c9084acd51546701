# Tests, found by name. Each becomes a program in bin/, a line in tests.txt (what ./dev runs), and a
# test of ctest.
#   src/LAYER/NAME_test.c        LAYER_NAME_test      internals visible, assertions on
#   tests/api/NAME.c             api_NAME_test        the static library, public headers only
#   tests/stress/NAME.c          stress_NAME_test     the same
#   tests/tsan/NAME.c            tsan_NAME_test       in the tsan preset: the library is plain there
#   apps/NAME/WHAT_test.c        NAME_WHAT_test       that application without its main.c
#   tests/cbor, contract, model/  each has a CMakeLists.txt that says what becomes of its files
file(GLOB support CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.c)
add_library(test_support STATIC ${support})
target_include_directories(test_support
    PUBLIC ${PROJECT_SOURCE_DIR}/tests
    PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(test_support PRIVATE tenon_flags PUBLIC m)

set_property(GLOBAL PROPERTY TENON_TEST_PROGRAMS)

# add_test_program(NAME SOURCES... LIBRARIES…): arguments that end in .c or .S are sources.
function(add_test_program name)
    set(sources ${ARGN})
    list(FILTER sources INCLUDE REGEX "\\.(c|S)$")
    set(libraries ${ARGN})
    list(FILTER libraries EXCLUDE REGEX "\\.(c|S)$")
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE test_support ${libraries} tenon_flags)
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
    # Backtraces taken inside a test name its functions.
    set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ON)
    add_test(NAME ${name} COMMAND ${name})
    set_property(GLOBAL APPEND PROPERTY TENON_TEST_PROGRAMS ${name})
endfunction()

foreach(source IN LISTS TENON_UNIT_TESTS)
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "^.*/src/([a-z]+)/.*$" "\\1" layer ${source})
    add_test_program(${layer}_${name} ${source} tenon_internal)
endforeach()

set(api_library tenon_static)
set(stress_library $<IF:$<TARGET_EXISTS:tenon_audited>,tenon_audited,tenon_static>)
foreach(kind IN ITEMS api stress)
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${kind}/*.c)
    foreach(source IN LISTS found)
        get_filename_component(name ${source} NAME_WE)
        string(REGEX REPLACE "_test$" "" name ${name})
        add_test_program(${kind}_${name}_test ${source} ${${kind}_library})
    endforeach()
endforeach()

if(TARGET tenon_plain)
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/tsan/*.c)
    foreach(source IN LISTS found)
        get_filename_component(name ${source} NAME_WE)
        string(REGEX REPLACE "_test$" "" name ${name})
        add_test_program(tsan_${name}_test ${source} tenon_plain)
    endforeach()
endif()

foreach(pair IN LISTS TENON_APP_TESTS)
    string(REPLACE "|" ";" pair ${pair})
    list(GET pair 0 app)
    list(GET pair 1 source)
    get_filename_component(name ${source} NAME_WE)
    add_test_program(${app}_${name} ${source} app_${app})
endforeach()

foreach(kind IN ITEMS cbor contract model)
    add_subdirectory(${PROJECT_SOURCE_DIR}/tests/${kind} ${PROJECT_BINARY_DIR}/${kind})
endforeach()

get_property(programs GLOBAL PROPERTY TENON_TEST_PROGRAMS)
list(SORT programs)
list(JOIN programs "\n" lines)
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/tests.txt CONTENT "${lines}\n")

# What tests/driver/check.sh looks at: no test, so not in tests.txt.
add_executable(planted_failures tests/driver/planted.c)
target_link_libraries(planted_failures PRIVATE test_support tenon_flags)
