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

foreach(section IN ITEMS 1 3 7)
    file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.${section})
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

foreach(app IN ITEMS distmat)
    if(TARGET ${app})
        install(TARGETS ${app} DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
