# cmake -DREADELF=readelf -DPROGRAM=file -DNEVER=a,b -DLOADS=c,d -P loads.cmake: which shared libraries a program names in
# its dynamic section, and which those name in turn.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "," ";" NEVER "${NEVER}")
string(REPLACE "," ";" LOADS "${LOADS}")

execute_process(COMMAND ${READELF} --dynamic --wide "${PROGRAM}" OUTPUT_VARIABLE direct COMMAND_ERROR_IS_FATAL ANY)
foreach(name ${LOADS})
  if(NOT direct MATCHES "Shared library: .${name}")
    message(FATAL_ERROR "${PROGRAM} does not name ${name}; is this the right program?\n${direct}")
  endif()
endforeach()

execute_process(COMMAND ${LDD} "${PROGRAM}" OUTPUT_VARIABLE all COMMAND_ERROR_IS_FATAL ANY)
string(TOLOWER "${all}" all)
string(REGEX MATCHALL "[^ \t\n]+ =>" libraries "${all}")
foreach(name ${NEVER})
  if(libraries MATCHES "${name}")
    message(FATAL_ERROR "${PROGRAM} loads a library called *${name}*:\n${all}")
  endif()
endforeach()
