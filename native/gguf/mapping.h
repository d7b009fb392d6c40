// A file mapped for reading, or read into memory.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "gguf/access.h"

namespace lt::gguf {

class Mapping {
 public:
  // UTF-8 on every system. Throws Code::file if it is not a regular file that can be read; messages do not name it.
  explicit Mapping(const std::string& path, const Access& access = {});
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::span<const uint8_t> bytes() const { return {static_cast<const uint8_t*>(data_), size_}; }

  // Brings these bytes into memory. Throws Code::file where the system reports that they are gone or unreadable.
  // A file that another program shortens while it is mapped is the one fault that cannot be caught everywhere: reading beyond
  // its new end is a SIGBUS on POSIX systems (Windows forbids the shortening). One that was read into memory need not stay.
  void prefetch(uint64_t first, uint64_t count) const;
  // Takes the whole pages of these bytes out of this process's memory; the system may keep them cached.
  void let_go(uint64_t first, uint64_t count) const;

 private:
  void read(const Access& access, const std::function<size_t(uint8_t* to, size_t count, uint64_t from)>& some);

  const void* data_ = nullptr;
  size_t size_ = 0;
  bool own_ = false;  // memory, not a mapping
#ifndef _WIN32
  int descriptor_ = -1;  // tells prefetch whether the file still has its size
#endif
};

}  // namespace lt::gguf
