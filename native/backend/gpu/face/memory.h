// Guard bytes around device memory.
#pragma once
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define LT_FACE_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LT_FACE_ASAN
#endif
#endif
#ifdef LT_FACE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace lt::gpu::face {

void check_guards();  // throws Code::internal where one was written

// Makes the sanitizer report who touches these bytes.
inline void poison([[maybe_unused]] void* at, [[maybe_unused]] size_t bytes) {
#ifdef LT_FACE_ASAN
  __asan_poison_memory_region(at, bytes);
#endif
}

}  // namespace lt::gpu::face
