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

enum Id : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };
struct Named {
  std::string_view name;
  Id id;
};
constexpr Named kinds[] = {{"u8", u8},   {"i8", i8},   {"u16", u16},      {"i16", i16},    {"u32", u32}, {"i32", i32},
                           {"f32", f32}, {"u64", u64}, {"bool", boolean}, {"str", string}, {"i64", i64}, {"f64", f64}};

class Value {
 public:
  Value(std::string_view key, Id kind) : key_(key), kind_(kind) {}

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
    switch (kind_) {
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
  Id kind_;
};

Id kind_of(std::string_view key, std::string_view name) {
  const auto at = std::find_if(std::begin(kinds), std::end(kinds), [&](const Named& n) { return n.name == name; });
  if (at != std::end(kinds)) return at->id;
  throw Error(Code::argument, shown(key) + ": expected a type among u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, bool, str, found \"" +
                                  shown(name) + "\"");
}

void check_key(std::string_view key) {
  if (key.empty() || key.size() > 65535 || !valid_utf8(key)) throw Error(Code::argument, "expected a key of 1 to 65535 bytes in UTF-8");
  if (key.starts_with("split.") || key == "general.alignment")
    throw Error(Code::argument, shown(key) + ": follows from how the file is written and cannot be set");
}

gguf::Field single(const Change& change, Id id) {
  Value out(change.key, id);
  out.number(uint32_t{id});
  out.put(change.text);
  return {change.key, std::move(out.bytes)};
}

std::unique_ptr<json::Document> document_of(const std::string& text) {
  try {
    return std::make_unique<json::Document>(text);
  } catch (const Error&) {
    return nullptr;
  }
}

gguf::Field list(const Change& change, Id id) {
  Value out(change.key, id);
  const auto document = document_of(change.text);
  const json::Value values = document ? document->root() : json::Value();
  if (!values.is(json::Kind::array)) out.fail("a list in brackets", change.text);
  out.number(uint32_t{array});
  out.number(uint32_t{id});
  out.number(uint64_t{values.size()});
  for (const json::Member m : values) {
    if (m.value.is(json::Kind::string) != (id == string) || m.value.is(json::Kind::boolean) != (id == boolean))
      out.fail("elements of the list's type", change.text);
    if (const auto flag = m.value.boolean()) {
      out.put(*flag ? "true" : "false");
    } else {
      out.put(m.value.string().value_or(m.value.written()));
    }
  }
  return {change.key, std::move(out.bytes)};
}

uint32_t word(std::span<const uint8_t> bytes, size_t at) {
  uint32_t x = 0;
  if (bytes.size() >= at + sizeof x) std::memcpy(&x, bytes.data() + at, sizeof x);
  return x;
}

}  // namespace

gguf::Field field_of(const Change& change, std::span<const uint8_t> before) {
  check_key(change.key);
  const std::string_view kind = change.kind;
  if (kind.ends_with("[]")) return list(change, kind_of(change.key, kind.substr(0, kind.size() - 2)));
  if (!kind.empty()) return single(change, kind_of(change.key, kind));
  if (before.empty()) return single(change, string);
  const Id id{word(before, 0)};
  return id == array ? list(change, Id{word(before, 4)}) : single(change, id);
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
  for (const Change& change : edit.set) {
    const auto at = std::find_if(fields.begin(), fields.end(), [&](const gguf::Field& f) { return f.key == change.key; });
    gguf::put(fields, field_of(change, at == fields.end() ? std::span<const uint8_t>() : at->value));
  }
  const std::string origin = "edit " + std::to_string(gguf::fingerprint(*file));
  return copy(std::move(file), to, std::move(fields), origin, progress);
}

}  // namespace lt::convert
