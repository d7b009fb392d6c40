// Reads a file's header from front to back. Nothing is read before it is known to be there, and what is missing is named.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/text.h"

namespace lt::gguf {

// The thing that a field belongs to: "metadata general.name", or its number while the name is not known yet.
struct Owner {
  std::string_view kind;
  std::string_view name = {};
  uint64_t number = 0;

  std::string text() const {
    if (kind.empty()) return "";
    return std::string(kind) + " " + (name.empty() ? "number " + std::to_string(number) : shown(name)) + ": ";
  }
  [[noreturn]] void fail(const std::string& what) const { throw Error(Code::format, text() + what); }
};

class Cursor {
 public:
  explicit Cursor(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint64_t position() const { return position_; }
  std::span<const uint8_t> rest() const { return bytes_.subspan(static_cast<size_t>(position_)); }
  uint64_t remaining() const { return bytes_.size() - position_; }

  // count elements of size bytes each; the product may be beyond 64 bits.
  const uint8_t* take(uint64_t count, uint64_t size, const Owner& owner, std::string_view field) {
    if (count > remaining() / size) missing(count, size, owner, field);
    const uint8_t* at = bytes_.data() + position_;
    position_ += count * size;
    return at;
  }

  template <class T>
  T number(const Owner& owner, std::string_view field) {
    T value;
    std::memcpy(&value, take(sizeof value, 1, owner, field), sizeof value);
    return value;
  }

  // u64 length, then the bytes: a view of them.
  std::string_view string(const Owner& owner, std::string_view field) {
    const uint64_t length = number<uint64_t>(owner, field);
    return {reinterpret_cast<const char*>(take(length, 1, owner, field)), static_cast<size_t>(length)};
  }

  // A key or a tensor's name.
  std::string_view name(const Owner& owner, std::string_view field) {
    const std::string_view text = string(owner, field);
    if (text.empty() || text.size() > 65535) {
      owner.fail(std::string(field) + ": expected 1 to 65535 bytes, found " + std::to_string(text.size()));
    }
    if (!valid_utf8(text)) owner.fail(std::string(field) + ": expected UTF-8, found " + shown(text));
    return text;
  }

 private:
  [[noreturn]] void missing(uint64_t count, uint64_t size, const Owner& owner, std::string_view field) const {
    owner.fail(std::string(field) + ": expected " + std::to_string(count) + (size > 1 ? " x " + std::to_string(size) : "") +
               " bytes at byte " + std::to_string(position_) + ", found the end of the file at byte " + std::to_string(bytes_.size()));
  }

  std::span<const uint8_t> bytes_;
  uint64_t position_ = 0;
};

}  // namespace lt::gguf
