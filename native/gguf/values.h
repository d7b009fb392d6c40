// A metadata value as the type that the caller expects, else Code::format naming the key.
#pragma once
#include <cstdint>
#include <string_view>

#include "gguf/file.h"

namespace lt::gguf {

uint64_t to_u64(std::string_view key, const Value& value);  // any integer that is not negative
double to_f64(std::string_view key, const Value& value);    // any number
bool to_boolean(std::string_view key, const Value& value);
std::string_view to_string(std::string_view key, const Value& value);
const Array& to_array(std::string_view key, const Value& value);

}  // namespace lt::gguf
