#include "gguf/field.h"

#include <algorithm>
#include <cstring>

namespace lt::gguf {
namespace {

class Bytes {
 public:
  template <class T>
  Bytes& put(T number) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof number);
    std::memcpy(bytes_.data() + at, &number, sizeof number);
    return *this;
  }
  Bytes& put(std::string_view text) {
    put(uint64_t{text.size()});
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  Bytes& put(bool flag) { return put(static_cast<uint8_t>(flag)); }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

template <class T>
Field one(std::string key, ValueType kind, const T& value) {
  Bytes b;
  b.put(static_cast<uint32_t>(kind)).put(value);
  return {std::move(key), b.take()};
}

template <class T>
Field many(std::string key, ValueType kind, std::span<const T> values) {
  Bytes b;
  b.put(static_cast<uint32_t>(ValueType::array)).put(static_cast<uint32_t>(kind)).put(uint64_t{values.size()});
  for (const T& v : values) {
    if constexpr (std::is_same_v<T, std::string>) {
      b.put(std::string_view(v));
    } else {
      b.put(v);
    }
  }
  return {std::move(key), b.take()};
}

}  // namespace

Field field(std::string key, bool value) { return one(std::move(key), ValueType::boolean, value); }
Field field(std::string key, uint16_t value) { return one(std::move(key), ValueType::u16, value); }
Field field(std::string key, uint32_t value) { return one(std::move(key), ValueType::u32, value); }
Field field(std::string key, int32_t value) { return one(std::move(key), ValueType::i32, value); }
Field field(std::string key, uint64_t value) { return one(std::move(key), ValueType::u64, value); }
Field field(std::string key, float value) { return one(std::move(key), ValueType::f32, value); }
Field field(std::string key, std::string_view value) { return one(std::move(key), ValueType::string, value); }
Field field(std::string key, std::span<const uint8_t> values) { return many(std::move(key), ValueType::u8, values); }
Field field(std::string key, std::span<const int32_t> values) { return many(std::move(key), ValueType::i32, values); }
Field field(std::string key, std::span<const uint32_t> values) { return many(std::move(key), ValueType::u32, values); }
Field field(std::string key, std::span<const double> values) { return many(std::move(key), ValueType::f64, values); }
Field field(std::string key, std::span<const float> values) { return many(std::move(key), ValueType::f32, values); }
Field field(std::string key, std::span<const std::string> values) { return many(std::move(key), ValueType::string, values); }
Field field(std::string key, std::span<const bool> values) { return many(std::move(key), ValueType::boolean, values); }

void put(std::vector<Field>& fields, Field field) {
  const auto at = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.key == field.key; });
  if (at == fields.end()) {
    fields.push_back(std::move(field));
  } else {
    *at = std::move(field);
  }
}

}  // namespace lt::gguf
