# What an installed copy has beside programs, data and pages: manual pages, completions, the Python package. The first two
# are asked of the program itself, so that they know what it knows. DESTDIR and --prefix are those of `cmake --install`.
install(CODE "set(program \"$<TARGET_FILE:soliton>\")")
install(CODE [[
  set(root "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
  find_program(GZIP gzip)
  # asked(FILE WORDS…): what the program prints, as a file of the installed copy.
  function(asked file)
    get_filename_component(folder "${root}/${file}" DIRECTORY)
    file(MAKE_DIRECTORY "${folder}")
    execute_process(COMMAND "${program}" ${ARGN} OUTPUT_FILE "${root}/${file}" COMMAND_ERROR_IS_FATAL ANY)
  endfunction()
  # paged(NAME WORDS…): a manual page, packed where that can be done.
  function(paged name)
    asked(share/man/man1/${name}.1 manual ${ARGN})
    if(GZIP)
      execute_process(COMMAND "${GZIP}" -9nf "${root}/share/man/man1/${name}.1" COMMAND_ERROR_IS_FATAL ANY)
    endif()
  endfunction()
  paged(soliton)
  execute_process(COMMAND "${program}" completion words OUTPUT_VARIABLE commands COMMAND_ERROR_IS_FATAL ANY)
  string(STRIP "${commands}" commands)
  string(REPLACE "\n" ";" commands "${commands}")
  foreach(command IN LISTS commands)
    paged(soliton-${command} ${command})
  endforeach()
  asked(share/bash-completion/completions/soliton completion bash)
  asked(share/zsh/vendor-completions/_soliton completion zsh)
  asked(share/fish/vendor_completions.d/soliton.fish completion fish)
]])
install(DIRECTORY "${PROJECT_SOURCE_DIR}/python/soliton" DESTINATION lib/python3/dist-packages
        FILES_MATCHING PATTERN "*.py" PATTERN "py.typed" PATTERN "__pycache__" EXCLUDE)
