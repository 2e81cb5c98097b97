# soliton_library(NAME base SRCS a.cc DEPS soliton::x): one static library per folder, alias soliton::base.
function(soliton_library)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  set(target soliton_${ARG_NAME})
  if(ARG_SRCS)
    add_library(${target} STATIC ${ARG_SRCS})
    target_link_libraries(${target} PUBLIC soliton_flags ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE soliton_flags ${ARG_DEPS})
  endif()
  add_library(soliton::${ARG_NAME} ALIAS ${target})
endfunction()

# soliton_program(NAME soliton SRCS main.cc DEPS soliton::x): an executable in bin/.
function(soliton_program)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SRCS})
  target_link_libraries(${ARG_NAME} PRIVATE soliton_flags ${ARG_DEPS})
endfunction()

# What nearly every test includes, compiled once (tests/precompiled.h). Tests are 70 % of compile time; this and -O1 halve
# it. Libraries keep the optimisation of the build type, so what is tested is what is shipped.
function(soliton_precompiled_tests)
  add_library(soliton_precompiled OBJECT "${PROJECT_SOURCE_DIR}/tests/precompiled.cc")
  target_link_libraries(soliton_precompiled PRIVATE soliton_flags GTest::gmock fmt::fmt)
  soliton_test_options(soliton_precompiled)
  target_precompile_headers(soliton_precompiled PRIVATE "${PROJECT_SOURCE_DIR}/tests/precompiled.h")
endfunction()

function(soliton_test_options target)
  target_compile_options(${target} PRIVATE -O1)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # so that ccache sees what the header was made of
  endif()
  target_compile_definitions(${target} PRIVATE SOLITON_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             SOLITON_BINARY_DIR="${PROJECT_BINARY_DIR}")
endfunction()

# soliton_test(NAME unit_base SRCS x_test.cc DEPS soliton::base): a GoogleTest program, one ctest entry per case.
# LABELS groups it (unit, story, sim, process, golden, tidy); DATA is passed as SOLITON_TEST_DATA.
function(soliton_test)
  cmake_parse_arguments(ARG "SERIAL" "NAME;TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${ARG_NAME} ${ARG_SRCS})
  # With the libraries of the precompiled header: it is only used where the same macros are defined.
  target_link_libraries(${ARG_NAME} PRIVATE soliton_flags ${ARG_DEPS} GTest::gmock GTest::gtest_main fmt::fmt)
  soliton_test_options(${ARG_NAME})
  target_precompile_headers(${ARG_NAME} REUSE_FROM soliton_precompiled)
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
  set(properties TIMEOUT ${ARG_TIMEOUT})
  if(ARG_LABELS)
    list(APPEND properties LABELS "${ARG_LABELS}")
  endif()
  if(ARG_SERIAL)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  gtest_discover_tests(${ARG_NAME} PROPERTIES ${properties} DISCOVERY_TIMEOUT 60)
endfunction()
