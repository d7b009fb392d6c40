# The instruction sets that kernels/ is compiled for, best first: the order of preference at run time.
# lt_isa(NAME GNU-FLAGS MSVC-FLAGS [BASE]); the probe of each is in isa.cpp. BASE: what differs is how products of bytes are summed; the kernels
# without them are those of BASE.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64|x64)$")
  lt_isa(avx512 "-mavx512f;-mavx512bw;-mavx512vl;-mavx512dq;-mavx512vnni;-mavx2;-mfma;-mf16c;-mbmi2;-mprefer-vector-width=512" "/arch:AVX512")
  if(LLAMA_TS_VNNI_OF_AVX512)
    lt_isa(avxvnni "-mavx512vnni;-mavx512vl;-mavx2;-mfma;-mf16c;-mbmi2;-mprefer-vector-width=256" "/arch:AVX512" avx2)
  else()
    lt_isa(avxvnni "-mavxvnni;-mavx2;-mfma;-mf16c;-mbmi2" "/arch:AVX2" avx2)
  endif()
  lt_isa(avx2 "-mavx2;-mfma;-mf16c;-mbmi2" "/arch:AVX2")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  if(NOT MSVC)
    lt_isa(i8mm "-march=armv8.2-a+dotprod+fp16+i8mm" "" neon)
  endif()
  lt_isa(neon "-march=armv8.2-a+dotprod+fp16" "")
endif()
lt_isa(portable "" "")
