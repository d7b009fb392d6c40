// A file mapped for reading, or read into memory.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
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
  // Copies bytes from the file itself. Throws Code::file where it has become shorter: the mapping would end the process.
  void read(uint64_t first, std::span<uint8_t> to) const;
  // Takes the whole pages of these bytes out of this process's memory; the system may keep them cached.
  void let_go(uint64_t first, uint64_t count) const;
  // Moves these bytes, piece by piece, into huge pages of this process's own, at the addresses where they are: who reads them meanwhile
  // sees no difference, and reading many costs less from then on, as far fewer pages are looked up. Returns how many were moved: none where
  // the system has no huge pages, and as far as it came when `stop`, which is asked before each piece, says so. One thread at a time.
  // Throws Code::file as read does; what was moved stays so.
  uint64_t settle(uint64_t first, uint64_t count, const std::function<bool()>& stop) const;

 private:
  void read_whole(const Access& access, const std::function<size_t(uint8_t* to, size_t count, uint64_t from)>& some);

  const void* data_ = nullptr;
  size_t size_ = 0;
  bool own_ = false;  // memory, not a mapping
#ifndef _WIN32
  int descriptor_ = -1;                       // tells prefetch whether the file still has its size
  mutable std::atomic<bool> settled_{false};  // some of it is not the file's any more
#endif
};

}  // namespace lt::gguf
