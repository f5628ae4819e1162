# `make install`: bin/, lib/ with the fetched libraries under the names that the program asks for, and the documents.
# In the build tree libraries are found by absolute path, in the installed tree beside the program.
set_target_properties(cryptostream PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
install(TARGETS cryptostream RUNTIME DESTINATION bin)

# cs_bundle(TARGET): copies an imported shared library under its soname, unless the system brought it.
function(cs_bundle target)
  if(NOT TARGET ${target})
    return()
  endif()
  get_target_property(file ${target} IMPORTED_LOCATION)
  if(file)
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
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/" DESTINATION share/doc/cryptostream)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/NOTICE" DESTINATION share/doc/cryptostream)
install(DIRECTORY "${CRYPTOSTREAM_DEPS}/licenses" DESTINATION share/doc/cryptostream OPTIONAL)
