# What `cmake --install` puts in place: headers, both libraries, a CMake package, a pkg-config file
# and the manual pages.
include(CMakePackageConfigHelpers)

install(TARGETS tenon_shared tenon_static EXPORT tenon
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/tenon)
install(EXPORT tenon NAMESPACE tenon:: FILE tenon-targets.cmake DESTINATION ${package})
configure_package_config_file(cmake/tenon-config.cmake.in tenon-config.cmake
    INSTALL_DESTINATION ${package})
write_basic_package_version_file(tenon-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tenon-config.cmake
    ${PROJECT_BINARY_DIR}/tenon-config-version.cmake DESTINATION ${package})

# The prefix is written relative to the file, so that the installed tree may be moved.
file(RELATIVE_PATH pkgconfig_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pkgconfig_to_prefix "${pkgconfig_to_prefix}")
configure_file(cmake/tenon.pc.in tenon.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tenon.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The pages of sections 3 and 7 are written from the public headers, with a Python that has nothing
# but its standard library; without one they are left out.
find_package(Python3 QUIET COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/tenon/*.h
        ${PROJECT_SOURCE_DIR}/tools/man*.py ${PROJECT_SOURCE_DIR}/tools/roff.py)
    add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/man/man7/tenon.7
        COMMAND ${CMAKE_COMMAND} -E rm -rf ${PROJECT_BINARY_DIR}/man
        COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/tools/man.py
                ${PROJECT_BINARY_DIR}/man
        DEPENDS ${sources} ${PROJECT_SOURCE_DIR}/docs/man/tenon.7.in
        VERBATIM
        COMMENT "Writing the manual pages from the public headers")
    add_custom_target(tenon_man ALL DEPENDS ${PROJECT_BINARY_DIR}/man/man7/tenon.7)
    install(DIRECTORY ${PROJECT_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
else()
    message(STATUS "No Python 3: the manual pages are not written")
endif()
file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.1)
install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

foreach(app IN ITEMS distmat)
    if(TARGET ${app})
        install(TARGETS ${app} DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
