# cmake -DREADELF=readelf -DPROGRAMS=a,b -DARCHIVES=c,d -P hardened.cmake: what of the hardening a program or a library lacks.
# The mark for jumps that may land (CET) is looked for in the libraries: the linker leaves it out of a program when a
# single object has none, and Debian's own crt1.o has none.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "," ";" PROGRAMS "${PROGRAMS}")
string(REPLACE "," ";" ARCHIVES "${ARCHIVES}")
set(missing "")

# require(TEXT PATTERN WHAT): otherwise WHAT is missing.
macro(require text pattern what)
  if(NOT "${text}" MATCHES "${pattern}")
    list(APPEND missing "${what}")
  endif()
endmacro()

foreach(program ${PROGRAMS})
  execute_process(COMMAND ${READELF} --wide --file-header --program-headers --dynamic --dyn-syms "${program}"
                  OUTPUT_VARIABLE elf COMMAND_ERROR_IS_FATAL ANY)
  require("${elf}" "Flags: [A-Z ]*PIE" "${program}: an address that varies (PIE)")
  require("${elf}" "GNU_RELRO" "${program}: tables that become read-only (RELRO)")
  require("${elf}" "BIND_NOW" "${program}: all of them at the start (BIND_NOW)")
  require("${elf}" "GNU_STACK[ x0-9a-f]+ RW " "${program}: a stack that is no code")
  require("${elf}" "__stack_chk_fail" "${program}: guards of the stack (stack protector)")
  require("${elf}" "__[a-z]+_chk@" "${program}: copies with checked sizes (FORTIFY)")
endforeach()

foreach(archive ${ARCHIVES})
  execute_process(COMMAND ${READELF} --wide --notes "${archive}" OUTPUT_VARIABLE notes COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "File: [^\n]*[.]o" objects "${notes}")
  string(REGEX MATCHALL "x86 feature: IBT, SHSTK" marked "${notes}")
  list(LENGTH objects all)
  list(LENGTH marked good)
  if(all EQUAL 0 OR NOT all EQUAL good)
    list(APPEND missing "${archive}: places where jumps may land (CET), in ${good} of ${all} objects")
  endif()
endforeach()

if(missing)
  list(JOIN missing "\n" missing)
  message(FATAL_ERROR "not hardened:\n${missing}")
endif()
