# The page inside the binary: the web project is built by Vite into the build folder, and cs_web holds its files as
# bytes (serve/assets.h). The generated source names every file's hash, so it changes, and is compiled again, exactly
# when a file does.
file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/web/src/*" "${PROJECT_SOURCE_DIR}/web/public/*")
file(GLOB web_settings CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/web/*.html" "${PROJECT_SOURCE_DIR}/web/*.json"
     "${PROJECT_SOURCE_DIR}/web/*.ts")
set(web_dist "${PROJECT_BINARY_DIR}/web")
set(web_cc "${PROJECT_BINARY_DIR}/generated/assets.cc")

find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
add_custom_command(
  OUTPUT "${web_cc}"
  COMMAND "${PROJECT_SOURCE_DIR}/tools/web" "${web_dist}"
  COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tools/embed_web.py" "${web_dist}" "${web_cc}"
  DEPENDS ${web_sources} ${web_settings} "${PROJECT_SOURCE_DIR}/tools/web" "${PROJECT_SOURCE_DIR}/tools/embed_web.py"
  COMMENT "Building the page"
  VERBATIM)
add_library(cs_web STATIC "${web_cc}")
target_link_libraries(cs_web PRIVATE cs_flags)
