// Which instruction sets this CPU runs, of those that kernels are compiled for (isa.cmake).
#pragma once
#include <string_view>

namespace lt::simd {

bool runs(std::string_view isa);  // "avx512", "avx2", "neon", "portable"; false for any other name

bool dots_bf16();  // whether it runs AVX-512's products of BF16, which not all do that run "avx512"

}  // namespace lt::simd
