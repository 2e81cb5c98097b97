# soliton_link_test(NAME ltl ALLOW wire link base EXTERNAL fmt::fmt): the linker's proof that a library calls nothing
# above it. A program with an empty main() links every object of the library, plus the archives named in ALLOW and the
# foreign libraries in EXTERNAL, and nothing that CMake would add by itself: an upward call is an undefined reference.
# The build fails on it; the ctest entry link_<NAME> (label "link") then runs what the build made.
#
# ALLOW is complete: a library called through another one is named too. Libraries of headers only have no archive; their
# includes are what tests/tidy checks.
function(soliton_link_test)
  cmake_parse_arguments(ARG "" "NAME" "ALLOW;EXTERNAL" ${ARGN})
  if(NOT TARGET soliton_${ARG_NAME})
    message(SEND_ERROR "soliton_link_test: there is no library \"${ARG_NAME}\"")
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY SOLITON_LINK_TESTED soliton_${ARG_NAME})
  get_target_property(type soliton_${ARG_NAME} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  set(archives "")
  set(targets soliton_${ARG_NAME})
  foreach(name ${ARG_ALLOW})
    if(NOT TARGET soliton_${name})
      message(SEND_ERROR "soliton_link_test(${ARG_NAME}): there is no library \"${name}\"")
      continue()
    endif()
    get_target_property(type soliton_${name} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      list(APPEND targets soliton_${name})
      list(APPEND archives "$<TARGET_FILE:soliton_${name}>")
    endif()
  endforeach()
  set(test link_${ARG_NAME})
  if(NOT TARGET soliton_link_main)
    add_library(soliton_link_main OBJECT "${PROJECT_SOURCE_DIR}/tests/link/main.cc")
  endif()
  add_executable(${test} $<TARGET_OBJECTS:soliton_link_main>)
  add_dependencies(${test} ${targets})
  set_target_properties(${test} PROPERTIES
    LINKER_LANGUAGE CXX
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin"
    LINK_DEPENDS "$<TARGET_FILE:soliton_${ARG_NAME}>;${archives}")
  # As one string each, so that CMake keeps the order and takes none of it for a dependency to follow.
  list(JOIN archives " " group)
  target_link_libraries(${test} PRIVATE soliton_flags
    "-Wl,--whole-archive $<TARGET_FILE:soliton_${ARG_NAME}> -Wl,--no-whole-archive -Wl,--start-group ${group} -Wl,--end-group"
    ${ARG_EXTERNAL})
  add_test(NAME ${test} COMMAND ${test})
  set_tests_properties(${test} PROPERTIES LABELS link TIMEOUT 20)
endfunction()

# soliton_libraries_below(OUT folder...): the libraries made in these folders and below.
function(soliton_libraries_below OUT)
  set(found "")
  foreach(folder ${ARGN})
    get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target ${targets})
      get_target_property(type ${target} TYPE)
      if(target MATCHES "^soliton_" AND type MATCHES "^(STATIC|INTERFACE)_LIBRARY$")
        list(APPEND found ${target})
      endif()
    endforeach()
    get_property(subfolders DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
    soliton_libraries_below(below ${subfolders})
    list(APPEND found ${below})
  endforeach()
  set(${OUT} ${found} PARENT_SCOPE)
endfunction()

# soliton_loads_test(PROGRAM soliton-node NEVER yaml LOADS libfmt): reads which shared libraries a program loads. No name
# of theirs contains one of NEVER; its own dynamic section names each of LOADS.
function(soliton_loads_test)
  cmake_parse_arguments(ARG "" "PROGRAM" "NEVER;LOADS" ${ARGN})
  find_program(LDD_PROGRAM ldd REQUIRED)
  list(JOIN ARG_NEVER "," never)
  list(JOIN ARG_LOADS "," loads)
  set(test link_${ARG_PROGRAM}_loads_little)
  add_test(NAME ${test}
    COMMAND ${CMAKE_COMMAND} "-DREADELF=${CMAKE_READELF}" "-DLDD=${LDD_PROGRAM}" "-DPROGRAM=$<TARGET_FILE:${ARG_PROGRAM}>"
            "-DNEVER=${never}" "-DLOADS=${loads}" -P "${PROJECT_SOURCE_DIR}/tests/link/loads.cmake")
  set_tests_properties(${test} PROPERTIES LABELS link TIMEOUT 20)
endfunction()
