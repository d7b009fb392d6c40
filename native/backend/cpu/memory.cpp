#include "backend/cpu/memory.h"

#include <cstring>
#include <new>
#include <string>

#include "core/available.h"
#include "core/error.h"
#if defined(__linux__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

namespace lt::cpu {
namespace {

std::string megabytes(uint64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MB"; }

// Zeroed, and every page of it there: resident memory is what is reported, and none of it is missing later.
uint8_t* map(size_t bytes) {
#if defined(__linux__) || defined(__APPLE__)
  constexpr size_t page = 4096;
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (p == MAP_FAILED) return nullptr;
#if defined(__linux__)
  madvise(p, bytes, MADV_HUGEPAGE);
#endif
  // The system's pages are zero already: one byte brings a whole page, or a huge one.
  for (size_t at = 0; at < bytes; at += page) static_cast<volatile uint8_t*>(p)[at] = 0;
  return static_cast<uint8_t*>(p);
#else
  void* p = ::operator new(bytes, std::align_val_t(4096), std::nothrow);
  if (p) std::memset(p, 0, bytes);
  return static_cast<uint8_t*>(p);
#endif
}

}  // namespace

Memory::Memory(size_t bytes, const char* purpose) {
  constexpr size_t worth_asking = 16 << 20;  // smaller ones are not worth reading /proc for
  if (bytes == 0) return;
  const uint64_t available = bytes < worth_asking ? UINT64_MAX : available_memory();
  data_ = bytes > available || bytes > (SIZE_MAX >> 1) ? nullptr : map(bytes);
  if (!data_)
    throw Error(Code::memory, std::string(purpose) + ": " + megabytes(bytes) + " needed, " +
                                  (available == UINT64_MAX ? "refused by the system" : megabytes(available) + " available") +
                                  "; use a smaller context, batch or model");
  bytes_ = bytes;
}

void Memory::release() {
  if (!data_) return;
#if defined(__linux__) || defined(__APPLE__)
  munmap(data_, bytes_);
#else
  ::operator delete(data_, std::align_val_t(4096));
#endif
  data_ = nullptr;
}

}  // namespace lt::cpu
