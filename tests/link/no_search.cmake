# cmake -DNM=nm -DPLAN=archive -DSEARCH=archive -P no_search.cmake: the plan's archive neither holds nor calls a function
# that partition/search defines.
cmake_minimum_required(VERSION 3.25)
function(symbols OUT KIND ARCHIVE)
  execute_process(COMMAND ${NM} ${KIND} --format=posix "${ARCHIVE}" OUTPUT_VARIABLE text ERROR_QUIET
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "_ZN[^ \n]*7soliton[^ \n]* [TtU]" lines "${text}")
  list(TRANSFORM lines REPLACE " .$" "")
  set(${OUT} ${lines} PARENT_SCOPE)
endfunction()

symbols(defined_by_search --defined-only "${SEARCH}")
symbols(of_plan --extern-only "${PLAN}")
list(LENGTH defined_by_search search_count)
list(LENGTH of_plan plan_count)
if(search_count LESS 5 OR plan_count LESS 1)
  message(FATAL_ERROR "read ${search_count} symbols of search and ${plan_count} of plan: too few to compare")
endif()
foreach(symbol ${of_plan})
  if(symbol IN_LIST defined_by_search)
    message(FATAL_ERROR "partition/plan reaches ${symbol}, which partition/search defines")
  endif()
endforeach()
