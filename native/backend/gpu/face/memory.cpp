// The device memory of the face: each allocation is the heap's own, so that the address sanitizer sees the end of it, and lies
// between guard bytes, which are looked at where it is not there to see.
#include "backend/gpu/face/memory.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "backend/gpu/gpu.h"

namespace lt::gpu::face {
namespace {

constexpr size_t guard = Scratch::alignment;             // bytes before and after
constexpr uint8_t guard_byte = 0xC5, fresh_byte = 0xFF;  // four of the latter are a NaN

struct Held {
  char* at;  // of the guard before
  size_t bytes;
};

struct Heap {
  std::mutex mutex;
  std::vector<Held> held;  // oldest first
  uint64_t used = 0;
  size_t turn = 0;
};

Heap& heap() {
  static Heap all;
  return all;
}

uint64_t limit() {
  const char* set = std::getenv("LLAMA_TS_FACE_MEMORY");
  return set ? std::strtoull(set, nullptr, 10) << 20 : 0;
}

void check(const Held& h) {
  const auto whole = [](const char* at) {
    return std::all_of(at, at + guard, [](char c) { return static_cast<uint8_t>(c) == guard_byte; });
  };
  if (whole(h.at) && whole(h.at + guard + h.bytes)) return;
  throw Error(Code::internal, "a guard byte beside " + std::to_string(h.bytes) + " bytes of device memory was written");
}

}  // namespace

// All guards are seen in turn, those of the newest allocations always.
void check_guards() {
  constexpr size_t newest = 256, others = 256;
  Heap& h = heap();
  const std::lock_guard lock(h.mutex);
  const size_t n = h.held.size();
  for (size_t i = n - std::min(n, newest); i < n; i++) check(h.held[i]);
  for (size_t i = 0; i < std::min(n, others); i++) check(h.held[h.turn++ % n]);
}

void* allocate(size_t bytes) {
  Heap& h = heap();
  const std::lock_guard lock(h.mutex);
  if (limit() && h.used + bytes > limit()) return nullptr;
  const size_t whole = (bytes + 2 * guard + guard - 1) / guard * guard;
  char* at = static_cast<char*>(std::aligned_alloc(guard, whole));
  if (!at) return nullptr;
  std::memset(at, guard_byte, whole);
  std::memset(at + guard, fresh_byte, bytes);
  poison(at, guard);
  poison(at + guard + bytes, whole - guard - bytes);
  h.held.push_back({at, bytes});
  h.used += bytes;
  return at + guard;
}

void release(void* p) noexcept {
  if (!p) return;
  Heap& h = heap();
  const std::lock_guard lock(h.mutex);
  char* at = static_cast<char*>(p) - guard;
  const auto found = std::find_if(h.held.rbegin(), h.held.rend(), [&](const Held& held) { return held.at == at; });
  h.used -= found->bytes;
  h.held.erase(std::next(found).base());
  std::free(at);
}

void* allocate_pinned(size_t bytes) { return std::malloc(bytes); }
void release_pinned(void* p) noexcept { std::free(p); }

uint64_t free_bytes() {
  Heap& h = heap();
  const std::lock_guard lock(h.mutex);
  return limit() > h.used ? limit() - h.used : 0;
}

Survey survey() {
  return {{{.name = "the face of the GPU backend on the CPU", .total = limit(), .free = free_bytes(), .software = true}}, ""};
}

std::vector<std::string> variants() { return {"wave32", "wave64"}; }

}  // namespace lt::gpu::face
