// Bytes that one rank writes and another reads: numbers, texts, lists.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"

namespace lt::engine {

class Packet {
 public:
  Packet() = default;
  explicit Packet(std::vector<char> bytes) : bytes_(std::move(bytes)) {}

  std::vector<char>& bytes() { return bytes_; }

  Packet& put(int64_t value) { return append(&value, sizeof value); }
  Packet& put(const std::string& text) {
    put(static_cast<int64_t>(text.size()));
    return append(text.data(), text.size());
  }
  Packet& put(const std::vector<int32_t>& list) {
    put(static_cast<int64_t>(list.size()));
    return append(list.data(), list.size() * sizeof(int32_t));
  }

  int64_t number() {
    int64_t value = 0;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  std::string text() {
    const size_t n = count(1);
    return {take(n), n};
  }
  std::vector<int32_t> list() {
    std::vector<int32_t> out(count(sizeof(int32_t)));
    const char* from = take(out.size() * sizeof(int32_t));
    if (!out.empty()) std::memcpy(out.data(), from, out.size() * sizeof(int32_t));
    return out;
  }

 private:
  Packet& append(const void* from, size_t n) {
    const size_t at = bytes_.size();
    bytes_.resize(at + n);
    if (n) std::memcpy(bytes_.data() + at, from, n);
    return *this;
  }
  size_t count(size_t each) {
    const int64_t n = number();
    if (n < 0 || static_cast<uint64_t>(n) > (bytes_.size() - at_) / each) broken();
    return static_cast<size_t>(n);
  }
  const char* take(size_t n) {
    if (n > bytes_.size() - at_) broken();
    at_ += n;
    return bytes_.data() + at_ - n;
  }
  [[noreturn]] static void broken() { throw Error(Code::internal, "a message between ranks ended early"); }

  std::vector<char> bytes_;
  size_t at_ = 0;
};

}  // namespace lt::engine
