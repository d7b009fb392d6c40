// A metadata entry to be written, its value as the bytes of a file: type, then payload.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lt::gguf {

// The type of a metadata value, or of an array's elements, by its number in a file.
enum class ValueType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

struct Field {
  std::string key;
  std::vector<uint8_t> value;
};

Field field(std::string key, bool value);
Field field(std::string key, uint16_t value);
Field field(std::string key, uint32_t value);
Field field(std::string key, int32_t value);
Field field(std::string key, uint64_t value);
Field field(std::string key, float value);
Field field(std::string key, std::string_view value);
inline Field field(std::string key, const char* value) { return field(std::move(key), std::string_view(value)); }
Field field(std::string key, std::span<const uint8_t> values);
Field field(std::string key, std::span<const int32_t> values);
Field field(std::string key, std::span<const uint32_t> values);
Field field(std::string key, std::span<const float> values);
Field field(std::string key, std::span<const double> values);
Field field(std::string key, std::span<const std::string> values);
Field field(std::string key, std::span<const bool> values);

// Takes the place of the entry of the same key, or is added at the end.
void put(std::vector<Field>& fields, Field field);

}  // namespace lt::gguf
