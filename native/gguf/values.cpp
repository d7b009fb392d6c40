#include "gguf/values.h"

#include "gguf/cursor.h"

namespace lt::gguf {
namespace {

std::string described(const Value& value) {
  if (const bool* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (const uint64_t* u = std::get_if<uint64_t>(&value)) return std::to_string(*u);
  if (const int64_t* i = std::get_if<int64_t>(&value)) return std::to_string(*i);
  if (const double* d = std::get_if<double>(&value)) return "the number " + std::to_string(*d);
  if (const std::string_view* s = std::get_if<std::string_view>(&value)) return "the string \"" + shown(*s) + "\"";
  return "an array";
}

[[noreturn]] void mismatch(std::string_view key, const Value& value, const char* expected) {
  Owner{"metadata", key}.fail(std::string("expected ") + expected + ", found " + described(value));
}

}  // namespace

uint64_t to_u64(std::string_view key, const Value& value) {
  if (const uint64_t* u = std::get_if<uint64_t>(&value)) return *u;
  const int64_t* i = std::get_if<int64_t>(&value);
  if (!i || *i < 0) mismatch(key, value, "an integer, 0 or more");
  return static_cast<uint64_t>(*i);
}

double to_f64(std::string_view key, const Value& value) {
  if (const double* d = std::get_if<double>(&value)) return *d;
  if (const uint64_t* u = std::get_if<uint64_t>(&value)) return static_cast<double>(*u);
  const int64_t* i = std::get_if<int64_t>(&value);
  if (!i) mismatch(key, value, "a number");
  return static_cast<double>(*i);
}

bool to_boolean(std::string_view key, const Value& value) {
  const bool* b = std::get_if<bool>(&value);
  if (!b) mismatch(key, value, "true or false");
  return *b;
}

std::string_view to_string(std::string_view key, const Value& value) {
  const std::string_view* s = std::get_if<std::string_view>(&value);
  if (!s) mismatch(key, value, "a string");
  return *s;
}

const Array& to_array(std::string_view key, const Value& value) {
  const Array* a = std::get_if<Array>(&value);
  if (!a) mismatch(key, value, "an array");
  return *a;
}

std::optional<uint64_t> File::u64(std::string_view key) const {
  const Value* value = find(key);
  return value ? std::optional(to_u64(key, *value)) : std::nullopt;
}

std::optional<double> File::f64(std::string_view key) const {
  const Value* value = find(key);
  return value ? std::optional(to_f64(key, *value)) : std::nullopt;
}

std::optional<bool> File::boolean(std::string_view key) const {
  const Value* value = find(key);
  return value ? std::optional(to_boolean(key, *value)) : std::nullopt;
}

std::optional<std::string_view> File::string(std::string_view key) const {
  const Value* value = find(key);
  return value ? std::optional(to_string(key, *value)) : std::nullopt;
}

const Array* File::array(std::string_view key) const {
  const Value* value = find(key);
  return value ? &to_array(key, *value) : nullptr;
}

}  // namespace lt::gguf
