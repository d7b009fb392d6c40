#include "gguf/fingerprint.h"

#include <algorithm>

#include "core/hash.h"

namespace lt::gguf {

uint64_t fingerprint(const File& file) {
  constexpr size_t some = 64;
  Hash h;
  for (const HostTensor& t : file.tensors()) {
    h.add(t.name.data(), t.name.size());
    h.add(&t.type, sizeof t.type);
    h.add(t.dims.data(), sizeof t.dims);
    const size_t n = std::min(some, t.bytes);
    for (const size_t at : {size_t{0}, (t.bytes - n) / 2, t.bytes - n}) {
      uint8_t bytes[some];
      file.read(t, at, {bytes, n});
      h.add(bytes, n);
    }
    if (t.data) file.let_go({static_cast<const char*>(t.data), t.bytes});
  }
  for (const auto& [key, value] : file.metadata()) {
    h.add(key.data(), key.size());
    if (const auto* text = std::get_if<std::string_view>(&value)) h.add(text->data(), text->size());
    if (const auto* number = std::get_if<uint64_t>(&value)) h.add(number, sizeof *number);
    if (const auto* real = std::get_if<double>(&value)) h.add(real, sizeof *real);
  }
  return h.value();
}

}  // namespace lt::gguf
