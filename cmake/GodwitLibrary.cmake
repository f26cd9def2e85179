# godwit::godwit, what programs link: all layers but the service and the command line in one archive, with
# include/godwit, and the package that find_package(godwit) finds.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(objects)
foreach(layer ${GODWIT_LAYERS})
  if(NOT layer MATCHES "^(service|cli)$")
    list(APPEND objects $<TARGET_OBJECTS:godwit_${layer}>)
  endif()
endforeach()
add_library(godwit_library STATIC ${objects})
add_library(godwit::godwit ALIAS godwit_library)
set_target_properties(godwit_library PROPERTIES OUTPUT_NAME godwit EXPORT_NAME godwit
                                                LINKER_LANGUAGE CXX)
target_include_directories(godwit_library INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(godwit_library INTERFACE cxx_std_23)
target_link_libraries(godwit_library INTERFACE OpenSSL::SSL OpenSSL::Crypto PkgConfig::XXHASH
                                               PkgConfig::ROCKSDB PkgConfig::ZSTD PkgConfig::ZLIB
                                               Threads::Threads)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/godwit)
install(TARGETS godwit_library EXPORT godwitTargets ARCHIVE
        DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/godwit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development)
install(EXPORT godwitTargets NAMESPACE godwit:: DESTINATION ${package} COMPONENT development)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/godwitConfig.cmake.in
  ${CMAKE_BINARY_DIR}/generated/godwitConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/godwitConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/godwitConfig.cmake
              ${CMAKE_BINARY_DIR}/generated/godwitConfigVersion.cmake
        DESTINATION ${package} COMPONENT development)
