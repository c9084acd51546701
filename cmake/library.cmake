# The library in its forms:
#   tenon_shared    libtenon.so: exports tn_* and nothing else
#   tenon_static    libtenon.a: one object in which every name but tn_* has been made local, so a
#                   program may have its own worker_park() beside it
#   tenon_internal  for tests: internals visible, assertions on
#   tenon_bare      for the benches that lie in src: internals visible, compiled as shipped
find_package(Threads REQUIRED)

set(checked 1)
if(CMAKE_BUILD_TYPE MATCHES "^(Release|MinSizeRel|RelWithDebInfo)$" AND NOT TENON_SANITIZE)
    set(checked 0)
endif()

# The sources with the flags that every form shares; `assertions` is the value of TENON_CHECKED.
function(add_objects target assertions)
    add_library(${target} OBJECT ${TENON_SOURCES})
    target_include_directories(${target} PRIVATE
        ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(${target} PRIVATE
        ${TENON_DEFINITIONS} TENON_CHECKED=${assertions})
    target_link_libraries(${target} PRIVATE tenon_flags Threads::Threads)
    set_target_properties(${target} PROPERTIES
        C_VISIBILITY_PRESET hidden
        POSITION_INDEPENDENT_CODE ON)
endfunction()

set(public_includes
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

add_objects(tenon_objects ${checked})

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

set(one_object ${PROJECT_BINARY_DIR}/tenon_one_object.o)
add_custom_command(OUTPUT ${one_object}
    COMMAND ${CMAKE_C_COMPILER} ${TENON_TARGET_OPTION} -r -nostdlib -o ${one_object}
            $<TARGET_OBJECTS:tenon_objects>
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${one_object}
    DEPENDS tenon_objects $<TARGET_OBJECTS:tenon_objects>
    COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Joining the library into one object with its internal names local")
set_source_files_properties(${one_object} PROPERTIES GENERATED ON EXTERNAL_OBJECT ON)
add_library(tenon_static STATIC ${one_object})
target_include_directories(tenon_static PUBLIC ${public_includes})
target_link_libraries(tenon_static PUBLIC Threads::Threads m)
set_target_properties(tenon_static PROPERTIES
    OUTPUT_NAME tenon LINKER_LANGUAGE C EXPORT_NAME static)
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
    add_objects(tenon_checked_objects 1)
    add_internal_library(tenon_internal tenon_checked_objects)
    target_compile_definitions(tenon_internal PUBLIC TENON_CHECKED=1)
endif()
