# What the program links, each as one target. A library that the system has is used; what Debian lacks comes from build/deps,
# which tools/setup fills from packages of public registries (pins: tools/deps.lock).
set(CRYPTOSTREAM_DEPS "${PROJECT_SOURCE_DIR}/build/deps" CACHE PATH "prefix of the fetched libraries")
set(CRYPTOSTREAM_SHIM "${PROJECT_SOURCE_DIR}/build/shim" CACHE PATH "prefix of the built Rust shim")

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(CLI11 REQUIRED)

# Arrow and Parquet: the system's, or the shared libraries of the pyarrow wheel.
find_package(Arrow 20 QUIET)
find_package(Parquet 20 QUIET)
if(NOT (Arrow_FOUND AND Parquet_FOUND))
  foreach(lib arrow parquet)
    file(GLOB file "${CRYPTOSTREAM_DEPS}/arrow/lib/lib${lib}.so.*")
    if(NOT file)
      message(FATAL_ERROR "cannot find lib${lib}: run `make setup` (looked in ${CRYPTOSTREAM_DEPS}/arrow/lib)")
    endif()
    list(GET file 0 file)
    add_library(cs_${lib}_so SHARED IMPORTED)
    set_target_properties(cs_${lib}_so PROPERTIES IMPORTED_LOCATION ${file})
    target_include_directories(cs_${lib}_so SYSTEM INTERFACE "${CRYPTOSTREAM_DEPS}/arrow/include")
  endforeach()
  add_library(dep_arrow INTERFACE)
  target_link_libraries(dep_arrow INTERFACE cs_parquet_so cs_arrow_so)
else()
  add_library(dep_arrow INTERFACE)
  target_link_libraries(dep_arrow INTERFACE Parquet::parquet_shared Arrow::arrow_shared)
endif()

# DuckDB: the C API's header and shared library.
find_path(DUCKDB_INCLUDE duckdb.h HINTS "${CRYPTOSTREAM_DEPS}/duckdb/include")
find_library(DUCKDB_LIBRARY duckdb HINTS "${CRYPTOSTREAM_DEPS}/duckdb/lib")
if(NOT DUCKDB_INCLUDE OR NOT DUCKDB_LIBRARY)
  message(FATAL_ERROR "cannot find DuckDB: run `make setup` (looked in ${CRYPTOSTREAM_DEPS}/duckdb)")
endif()
add_library(dep_duckdb SHARED IMPORTED)
set_target_properties(dep_duckdb PROPERTIES IMPORTED_LOCATION ${DUCKDB_LIBRARY})
target_include_directories(dep_duckdb SYSTEM INTERFACE ${DUCKDB_INCLUDE})

# simdjson, compiled by us under another namespace: libparquet exports its own copy's symbols, and the two must never meet.
add_library(dep_simdjson STATIC "${CRYPTOSTREAM_DEPS}/simdjson/simdjson.cpp")
target_include_directories(dep_simdjson SYSTEM PUBLIC "${CRYPTOSTREAM_DEPS}/simdjson")
target_compile_definitions(dep_simdjson PUBLIC simdjson=cryptostream_simdjson)
target_compile_options(dep_simdjson PRIVATE -O3 -w -fvisibility=hidden)

if(CRYPTOSTREAM_TESTS)
  find_package(GTest REQUIRED)
endif()
