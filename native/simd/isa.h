// Which instruction sets this CPU runs, of those that kernels are compiled for (isa.cmake).
#pragma once
#include <string_view>

namespace lt::simd {

bool runs(std::string_view isa);  // "avx512", "avxvnni", "avx2", "i8mm", "neon", "portable"; false for any other name

// Whether it runs what not all do that run "avx512": products of BF16; permutations of bytes (VBMI).
bool dots_bf16();
bool permutes_bytes();

// Whether this process may use tiles of bytes (AMX-TILE and AMX-INT8); the first call asks the operating system for leave.
bool multiplies_tiles();

}  // namespace lt::simd
