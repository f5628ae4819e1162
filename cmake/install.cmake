# `make install`: bin/, lib/ with the fetched libraries under the names that the program asks for, and the documents.
# What the libraries beside the program need is found the same way, so the path is of the kind that they inherit (not RUNPATH).
# The build tree has the same shape (build/PRESET/cryptostream, build/lib), so one run path serves both and nothing rewrites it: CMake's
# rewriting leaves an empty entry at the end, which means the current folder.
set_target_properties(cryptostream PROPERTIES INSTALL_RPATH "$ORIGIN/../lib" BUILD_WITH_INSTALL_RPATH ON)
target_link_options(cryptostream PRIVATE -Wl,--disable-new-dtags)
set(bundle_dir "${PROJECT_BINARY_DIR}/../lib")
file(MAKE_DIRECTORY "${bundle_dir}")
install(TARGETS cryptostream RUNTIME DESTINATION bin)

# cs_bundle(TARGET): copies an imported shared library under its soname, unless the system brought it.
function(cs_bundle target)
  if(NOT TARGET ${target})
    return()
  endif()
  get_target_property(file ${target} IMPORTED_LOCATION)
  if(file)
    get_filename_component(name "${file}" NAME)
    file(CREATE_LINK "${file}" "${bundle_dir}/${name}" SYMBOLIC)
    install(FILES "${file}" DESTINATION lib PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
      WORLD_READ WORLD_EXECUTE)
  endif()
endfunction()
cs_bundle(cs_arrow_so)
cs_bundle(cs_parquet_so)
cs_bundle(dep_duckdb)
cs_bundle(dep_rdkafka)

if(EXISTS "${PROJECT_SOURCE_DIR}/config")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/config" DESTINATION share/cryptostream)
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/data" DESTINATION share/cryptostream)
install(FILES "${PROJECT_SOURCE_DIR}/spark/cryptostream_spark.py" DESTINATION share/cryptostream/spark)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/" DESTINATION share/doc/cryptostream)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/NOTICE" DESTINATION share/doc/cryptostream)
install(DIRECTORY "${CRYPTOSTREAM_DEPS}/licenses" DESTINATION share/doc/cryptostream OPTIONAL)
