// How a file's bytes come into memory.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>

namespace lt::gguf {

struct Access {
  bool mapped = true;                               // false: all of it is read, at once, into memory of this process's own
  uint64_t most = UINT64_MAX;                       // bytes that may be read so; more throw Code::memory
  std::function<bool(double fraction)> progress{};  // told how much of a file was read so; false: it throws Code::disposed
};

// To file `no` of the `count` that a model has, after `taken` bytes of others were read. Lives no longer than `all`.
inline Access of_part(const Access& all, uint64_t no, uint64_t count, uint64_t taken) {
  Access one = all;
  one.most -= std::min(all.most, taken);
  if (all.progress)
    one.progress = [&all, no, count](double fraction) {
      return all.progress((static_cast<double>(no) + fraction) / static_cast<double>(count));
    };
  return one;
}

}  // namespace lt::gguf
