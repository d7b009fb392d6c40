# Fails if an object that is compiled once an ISA defines a weak symbol outside lt::<room>::<isa>: the linker keeps one of several such, perhaps the
# one for a CPU that is not this one.
file(STRINGS ${LIST} objects)
foreach(object ${objects})
  execute_process(COMMAND ${NM} -C --defined-only ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[0-9a-f]+ [VWuvw] [^\n]*" weak "${symbols}")
  foreach(line ${weak})
    if(NOT line MATCHES "lt::(cpu|encode|simd)::(avx512|avx512vbmi|avx512amx|avxvnni|avx2|i8mm|neon|portable)::")
      message(SEND_ERROR "${object} defines the weak symbol ${line}")
    endif()
  endforeach()
endforeach()
