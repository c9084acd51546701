# The library in its forms:
#   tenon_shared    libtenon.so: exports tn_* and nothing else
#   tenon_static    libtenon.a: one object in which every name but tn_* has been made local, so a
#                   program may have its own worker_park() beside it
#   tenon_internal  for tests: internals visible, assertions on
#   tenon_plain     for tests in the tsan preset: libtenon.a as a program under ThreadSanitizer uses
#                   it, not instrumented itself (TENON_TSAN)
#   tenon_bare      for the benches that lie in src: internals visible, compiled as shipped
find_package(Threads REQUIRED)

set(checked 1)
if(CMAKE_BUILD_TYPE MATCHES "^(Release|MinSizeRel|RelWithDebInfo)$" AND NOT TENON_SANITIZE)
    set(checked 0)
endif()

# The sources, compiled as the target `flags` says; `assertions` is the value of TENON_CHECKED.
function(add_objects target assertions flags)
    add_library(${target} OBJECT ${TENON_SOURCES})
    target_include_directories(${target} PRIVATE
        ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(${target} PRIVATE
        ${TENON_DEFINITIONS} TENON_CHECKED=${assertions})
    target_link_libraries(${target} PRIVATE ${flags} Threads::Threads)
    set_target_properties(${target} PROPERTIES
        C_VISIBILITY_PRESET hidden
        POSITION_INDEPENDENT_CODE ON)
endfunction()

set(public_includes
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

# A static library of one object in which only public names can be seen from outside.
function(add_joined_library target objects)
    set(joined ${PROJECT_BINARY_DIR}/${target}.o)
    add_custom_command(OUTPUT ${joined}
        COMMAND ${CMAKE_C_COMPILER} ${TENON_TARGET_OPTION} -r -nostdlib -o ${joined}
                $<TARGET_OBJECTS:${objects}>
        COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${joined}
        DEPENDS ${objects} $<TARGET_OBJECTS:${objects}>
        COMMAND_EXPAND_LISTS VERBATIM
        COMMENT "Joining the library into one object with its internal names local")
    set_source_files_properties(${joined} PROPERTIES GENERATED ON EXTERNAL_OBJECT ON)
    add_library(${target} STATIC ${joined})
    target_include_directories(${target} PUBLIC ${public_includes})
    target_link_libraries(${target} PUBLIC Threads::Threads m)
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
endfunction()

add_objects(tenon_objects ${checked} tenon_flags)

add_library(tenon_shared SHARED $<TARGET_OBJECTS:tenon_objects>)
target_include_directories(tenon_shared PUBLIC ${public_includes})
target_link_libraries(tenon_shared PRIVATE Threads::Threads m $<BUILD_INTERFACE:tenon_flags>)
target_link_options(tenon_shared PRIVATE
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/exports.map -Wl,-z,relro -Wl,-z,now)
set_target_properties(tenon_shared PROPERTIES
    OUTPUT_NAME tenon VERSION ${PROJECT_VERSION} SOVERSION 0 LINKER_LANGUAGE C
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/exports.map
    EXPORT_NAME tenon)
add_library(tenon::tenon ALIAS tenon_shared)

add_joined_library(tenon_static tenon_objects)
set_target_properties(tenon_static PROPERTIES OUTPUT_NAME tenon EXPORT_NAME static)
add_library(tenon::static ALIAS tenon_static)

function(add_internal_library target objects)
    add_library(${target} STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:${objects}>)
    target_include_directories(${target} PUBLIC
        ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(${target} PUBLIC ${TENON_DEFINITIONS})
    target_link_libraries(${target} PUBLIC tenon_flags Threads::Threads m)
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
endfunction()

add_internal_library(tenon_bare tenon_objects)
target_compile_definitions(tenon_bare PUBLIC TENON_CHECKED=${checked})
if(TENON_BUILD_TESTS)
    set(checked_objects tenon_objects)
    if(NOT checked)
        set(checked_objects tenon_checked_objects)
        add_objects(tenon_checked_objects 1 tenon_flags)
    endif()
    add_internal_library(tenon_internal ${checked_objects})
    target_compile_definitions(tenon_internal PUBLIC TENON_CHECKED=1)
endif()
# For the stress programs of checking builds: the tree and the task stacks are checked at each wait.
if(TENON_BUILD_TESTS AND checked)
    add_objects(tenon_audited_objects 2 tenon_flags)
    add_internal_library(tenon_audited tenon_audited_objects)
endif()
if(TENON_BUILD_TESTS AND TENON_SANITIZE STREQUAL "thread")
    add_objects(tenon_plain_objects 0 tenon_plain_flags)
    target_compile_definitions(tenon_plain_objects PRIVATE TENON_TSAN=1)
    add_joined_library(tenon_plain tenon_plain_objects)
endif()
