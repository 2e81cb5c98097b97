# Language level, warnings, sanitizers and hardening, for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # A precompiled header needs the sloppiness: its defines and its time stamp are not compared. Paths below the base folder
  # are hashed as seen from the build folder, so that another clone finds what this one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros
      "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" "${CCACHE_PROGRAM}")
endif()

add_library(soliton_flags INTERFACE)
target_include_directories(soliton_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(soliton_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  # Contraction would let the compiler decide where a product is rounded; outputs must not depend on it.
  -ffp-contract=off -fno-fast-math)
target_link_options(soliton_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,--build-id=sha1)

# Of every target, generated sources included (docs/security.md): a write behind an array or into the stack's guard ends the
# program, and a jump lands where one may land. link_hardened reads the programs for it. Sanitizers check more themselves.
if(SOLITON_SANITIZE STREQUAL "" AND NOT SOLITON_FUZZ)
  set(fortify 2)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
    set(fortify 3)
  endif()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection
    "$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=${fortify}>")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|i.86)$")
    add_compile_options(-fcf-protection=full)
  endif()
endif()
option(SOLITON_WERROR "Treat warnings as errors" OFF)
if(SOLITON_WERROR)
  target_compile_options(soliton_flags INTERFACE -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 takes the parts of a sum of std::strings for overlapping or too short (its bugs 105329, 105651).
    target_compile_options(soliton_flags INTERFACE -Wno-error=restrict -Wno-error=array-bounds)
  endif()
endif()
if(SOLITON_SANITIZE STREQUAL "address+undefined")
  target_compile_options(soliton_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(soliton_flags INTERFACE -fsanitize=address,undefined)
elseif(SOLITON_SANITIZE STREQUAL "thread")
  target_compile_options(soliton_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(soliton_flags INTERFACE -fsanitize=thread)
elseif(NOT SOLITON_SANITIZE STREQUAL "")
  message(FATAL_ERROR "SOLITON_SANITIZE is \"${SOLITON_SANITIZE}\"; allowed: address+undefined, thread")
endif()
