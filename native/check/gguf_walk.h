// Opens bytes and reads all that an open file offers: for mutations and fuzzing.
#pragma once
#include <cstdint>
#include <span>

#include "check/check.h"
#include "gguf/file.h"

namespace lt::check {

template <class Get>
void typed(Get get) {
  try {
    get();
  } catch (const Error& e) {
    CHECK(e.code() == Code::format);
  }
}

inline void walk_metadata(const gguf::File& f) {
  for (const auto& [key, value] : f.metadata()) {
    CHECK(f.find(key) == &value);
    typed([&] { (void)f.u64(key); });
    typed([&] { (void)f.f64(key); });
    typed([&] { (void)f.boolean(key); });
    typed([&] { CHECK(f.string(key)->find('\xff') + 1 <= f.bytes()); });
    typed([&] {
      if (const auto* strings = std::get_if<std::vector<std::string_view>>(f.array(key))) {
        for (const std::string_view s : *strings) CHECK(s.find('\xff') + 1 <= f.bytes());
      }
    });
  }
}

// False where the file is refused; throws if a refusal is of the wrong kind, or what was accepted is not as it says.
inline bool walk(std::span<const uint8_t> bytes, bool vocabulary_only) {
  std::shared_ptr<const gguf::File> f;
  try {
    f = gguf::File::view(bytes, {.vocabulary_only = vocabulary_only});
  } catch (const Error& e) {
    CHECK_THAT(e.code() == Code::format || e.code() == Code::unsupported, e.what());
    CHECK(e.what()[0] && std::string(e.what()).size() < 1000);
    return false;
  }
  walk_metadata(*f);
  for (const gguf::HostTensor& t : f->tensors()) {
    const uint8_t* data = static_cast<const uint8_t*>(t.data);
    CHECK(f->tensor(t.name) == &t && t.cols() > 0 && t.rows() > 0);
    CHECK(data >= bytes.data() && t.bytes <= bytes.size() && data <= bytes.data() + bytes.size() - t.bytes);
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < t.bytes; i += t.bytes < 4096 ? 1 : 4096) sum = static_cast<uint8_t>(sum + data[i]);
  }
  return true;
}

}  // namespace lt::check
