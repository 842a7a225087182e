# winnow_library(NAME store SOURCES a.cc HEADERS a.h DEPS winnow::base PRIVATE_DEPS RocksDB::rocksdb)
# One target a folder; sources are listed, headers are verified to compile alone (check.sh).
function(winnow_library)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;HEADERS;DEPS;PRIVATE_DEPS" ${ARGN})
  set(target winnow_${ARG_NAME})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(winnow::${ARG_NAME} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
                 FILES ${ARG_HEADERS})
  target_link_libraries(${target} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS} winnow_warnings)
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# winnow_test(NAME store_test SOURCES a_test.cc DEPS winnow::store [LABELS golden])
# One binary a folder of tests; each gtest case is one ctest entry unless WHOLE is given.
function(winnow_test)
  cmake_parse_arguments(ARG "WHOLE" "NAME" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main
                        winnow_warnings)
  # Only sources that name them get the paths, so that ccache serves the others to every clone.
  foreach(source IN LISTS ARG_SOURCES)
    file(STRINGS ${source} uses REGEX "WINNOW_(SOURCE_DIR|BINARY)|job_fixture")
    if(uses)
      set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS
        "WINNOW_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\";WINNOW_BINARY=\"${PROJECT_BINARY_DIR}/bin/winnow\"")
    endif()
  endforeach()
  set(labels ${ARG_LABELS})
  if(NOT labels)
    set(labels unit)
  endif()
  if(ARG_WHOLE)
    add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME})
    set_tests_properties(${ARG_NAME} PROPERTIES LABELS "${labels}" TIMEOUT 900)
  else()
    gtest_discover_tests(${ARG_NAME} DISCOVERY_TIMEOUT 60
                         PROPERTIES LABELS "${labels}" TIMEOUT 900)
  endif()
endfunction()
