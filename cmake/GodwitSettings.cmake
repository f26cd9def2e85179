# Compiler, warnings, sanitizers, dependencies: what holds for every target.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# By hand, not by CMake: libraries and programs must share one precompiled header.
add_compile_options(-fPIC)

option(GODWIT_TESTS "Build tests, simulator and benchmarks" ON)
option(GODWIT_EXAMPLES "Build the example programs without the tests" OFF)
set(GODWIT_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=")
option(GODWIT_FUZZ "Link the fuzz targets with libFuzzer (clang)" OFF)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
# GCC 12 reports these falsely: inside the standard library, and for inlined coroutine frames.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-maybe-uninitialized -Wno-mismatched-new-delete)
else()
  # libstdc++ 12 uses std::get_temporary_buffer in its own sorts.
  add_compile_options(-Wno-deprecated-declarations)
endif()
add_compile_options(-Wno-missing-field-initializers)
if(GODWIT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(GODWIT_SANITIZE)
  add_compile_options(-fsanitize=${GODWIT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GODWIT_SANITIZE})
  if(GODWIT_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan)
  else()
    add_compile_options(-fno-sanitize-recover=all)
  endif()
endif()
# One translation unit (base/asio.cc) holds Asio and Beast; the others only declare them.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
                        BOOST_ASIO_DISABLE_BOOST_COROUTINE)

find_program(CCACHE ccache)
if(CCACHE)
  # Without these ccache refuses every file that uses a precompiled header, which is all of them.
  # The base makes checkouts in other folders share what they compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
                                  CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(ROCKSDB REQUIRED IMPORTED_TARGET rocksdb)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
if(GODWIT_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()
