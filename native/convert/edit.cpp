#include "convert/edit.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>

#include "convert/split.h"
#include "core/error.h"
#include "core/text.h"
#include "gguf/fingerprint.h"
#include "gguf/writer.h"
#include "json/json.h"

namespace lt::convert {
namespace {

using gguf::ValueType;

struct Named {
  std::string_view name;
  ValueType type;
};
constexpr Named value_types[] = {{"u8", ValueType::u8},      {"i8", ValueType::i8},   {"u16", ValueType::u16},
                                 {"i16", ValueType::i16},    {"u32", ValueType::u32}, {"i32", ValueType::i32},
                                 {"f32", ValueType::f32},    {"u64", ValueType::u64}, {"bool", ValueType::boolean},
                                 {"str", ValueType::string}, {"i64", ValueType::i64}, {"f64", ValueType::f64}};

class Value {
 public:
  Value(std::string_view key, ValueType type) : key_(key), type_(type) {}

  template <class T>
  void number(T x) {
    const size_t at = bytes.size();
    bytes.resize(at + sizeof x);
    std::memcpy(bytes.data() + at, &x, sizeof x);
  }

  void text(std::string_view t) {
    number(uint64_t{t.size()});
    bytes.insert(bytes.end(), t.begin(), t.end());
  }

  // A value of the kind, from how it is written.
  void put(std::string_view written) {
    using enum gguf::ValueType;
    switch (type_) {
      case u8:
        return whole<uint8_t>(written);
      case i8:
        return whole<int8_t>(written);
      case u16:
        return whole<uint16_t>(written);
      case i16:
        return whole<int16_t>(written);
      case u32:
        return whole<uint32_t>(written);
      case i32:
        return whole<int32_t>(written);
      case u64:
        return whole<uint64_t>(written);
      case i64:
        return whole<int64_t>(written);
      case f32:
        return number(static_cast<float>(real(written)));
      case f64:
        return number(real(written));
      case boolean:
        if (written != "true" && written != "false") fail("true or false", written);
        return number(static_cast<uint8_t>(written == "true"));
      case string:
        if (!valid_utf8(written)) fail("UTF-8", written);
        return text(written);
      case array:
        break;
    }
  }

  [[noreturn]] void fail(const std::string& expected, std::string_view found) const {
    throw Error(Code::argument, shown(key_) + ": expected " + expected + ", found \"" + shown(found) + "\"");
  }

  std::vector<uint8_t> bytes;

 private:
  template <class T>
  void whole(std::string_view written) {
    T x{};
    const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), x);
    if (error != std::errc() || end != written.data() + written.size() || written.empty())
      fail("an integer from " + std::to_string(std::numeric_limits<T>::min()) + " to " + std::to_string(std::numeric_limits<T>::max()),
           written);
    number(x);
  }

  double real(std::string_view written) const {
    try {
      const json::Document document(written);
      if (const auto x = document.root().number()) return *x;
    } catch (const Error&) {
    }
    fail("a number", written);
  }

  std::string key_;
  ValueType type_;
};

ValueType type_of(std::string_view key, std::string_view name) {
  const auto at = std::find_if(std::begin(value_types), std::end(value_types), [&](const Named& n) { return n.name == name; });
  if (at != std::end(value_types)) return at->type;
  throw Error(Code::argument, shown(key) + ": expected a type among u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, bool, str, found \"" +
                                  shown(name) + "\"");
}

void check_key(std::string_view key) {
  if (key.empty() || key.size() > 65535 || !valid_utf8(key)) throw Error(Code::argument, "expected a key of 1 to 65535 bytes in UTF-8");
  if (key.starts_with("split.") || key == "general.alignment")
    throw Error(Code::argument, shown(key) + ": follows from how the file is written and cannot be set");
}

gguf::Field single(const Setting& setting, ValueType type) {
  Value out(setting.key, type);
  out.number(type);
  out.put(setting.text);
  return {setting.key, std::move(out.bytes)};
}

std::unique_ptr<json::Document> document_of(const std::string& text) {
  try {
    return std::make_unique<json::Document>(text);
  } catch (const Error&) {
    return nullptr;
  }
}

gguf::Field list(const Setting& setting, ValueType type) {
  Value out(setting.key, type);
  const auto document = document_of(setting.text);
  const json::Value values = document ? document->root() : json::Value();
  if (!values.is(json::Kind::array)) out.fail("a list in brackets", setting.text);
  out.number(ValueType::array);
  out.number(type);
  out.number(uint64_t{values.size()});
  for (const json::Member m : values) {
    if (m.value.is(json::Kind::string) != (type == ValueType::string) || m.value.is(json::Kind::boolean) != (type == ValueType::boolean))
      out.fail("elements of the list's type", setting.text);
    if (const auto flag = m.value.boolean()) {
      out.put(*flag ? "true" : "false");
    } else {
      out.put(m.value.string().value_or(m.value.written()));
    }
  }
  return {setting.key, std::move(out.bytes)};
}

uint32_t word(std::span<const uint8_t> bytes, size_t at) {
  uint32_t x = 0;
  if (bytes.size() >= at + sizeof x) std::memcpy(&x, bytes.data() + at, sizeof x);
  return x;
}

}  // namespace

gguf::Field field_of(const Setting& setting, std::span<const uint8_t> before) {
  check_key(setting.key);
  const std::string_view kind = setting.kind;
  if (kind.ends_with("[]")) return list(setting, type_of(setting.key, kind.substr(0, kind.size() - 2)));
  if (!kind.empty()) return single(setting, type_of(setting.key, kind));
  if (before.empty()) return single(setting, ValueType::string);
  const ValueType type{word(before, 0)};
  return type == ValueType::array ? list(setting, ValueType{word(before, 4)}) : single(setting, type);
}

Written edit(const std::string& from, const std::string& to, const Edit& edit, const Progress& progress) {
  auto file = gguf::File::open(from);
  if (file->parts() > 1) throw Error(Code::unsupported, from + ": is in several parts: merge them first");
  std::vector<gguf::Field> fields = gguf::fields_of(*file);
  for (const std::string& key : edit.remove) {
    check_key(key);
    if (key == "general.architecture") throw Error(Code::argument, key + ": no model is without it");
    if (std::erase_if(fields, [&](const gguf::Field& f) { return f.key == key; }) == 0)
      throw Error(Code::argument, shown(key) + ": cannot be removed, as it is not there");
  }
  for (const Setting& setting : edit.set) {
    const auto at = std::find_if(fields.begin(), fields.end(), [&](const gguf::Field& f) { return f.key == setting.key; });
    gguf::put(fields, field_of(setting, at == fields.end() ? std::span<const uint8_t>() : at->value));
  }
  const std::string origin = "edit " + std::to_string(gguf::fingerprint(*file));
  return copy(std::move(file), to, std::move(fields), origin, progress);
}

}  // namespace lt::convert
