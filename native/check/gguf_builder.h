// Writes small GGUF files in memory, right ones and wrong ones: every field can be given a value of its own.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lt::check {

using Bytes = std::vector<uint8_t>;

inline void append(Bytes& out, const void* from, size_t count) {
  const size_t at = out.size();
  out.resize(at + count);
  if (count) std::memcpy(out.data() + at, from, count);
}

template <class T>
void put(Bytes& out, T value) {
  append(out, &value, sizeof value);
}

inline void put_string(Bytes& out, std::string_view text) {
  put(out, uint64_t{text.size()});
  append(out, text.data(), text.size());
}

class GgufBuilder {
 public:
  enum Kind : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

  struct Tensor {
    std::string name;
    uint32_t type;
    std::vector<uint64_t> dims;
    Bytes data;
    std::optional<uint64_t> offset = {};  // else after the tensor before
    std::optional<uint32_t> n_dims = {};
  };

  uint32_t version = 3;
  uint64_t alignment = 32;  // of the layout; add general.alignment for another
  std::optional<uint64_t> tensor_count, kv_count;
  std::vector<Tensor> tensors;

  template <class T>
  GgufBuilder& value(std::string_view key, Kind kind, T x) {
    begin(key, kind);
    put(metadata_, x);
    return *this;
  }
  GgufBuilder& text(std::string_view key, std::string_view x) {
    begin(key, string);
    put_string(metadata_, x);
    return *this;
  }
  template <class T>
  GgufBuilder& list(std::string_view key, Kind element, const std::vector<T>& xs, std::optional<uint64_t> count = {}) {
    begin(key, array);
    put(metadata_, uint32_t{element});
    put(metadata_, count.value_or(xs.size()));
    for (const T& x : xs) put(metadata_, x);
    return *this;
  }
  GgufBuilder& texts(std::string_view key, const std::vector<std::string>& xs) {
    begin(key, array);
    put(metadata_, uint32_t{string});
    put(metadata_, uint64_t{xs.size()});
    for (const std::string& x : xs) put_string(metadata_, x);
    return *this;
  }
  GgufBuilder& tensor(std::string name, uint32_t type, std::vector<uint64_t> dims, size_t bytes) {
    Bytes data(bytes);
    for (size_t i = 0; i < bytes; i++) data[i] = static_cast<uint8_t>(i * 7 + tensors.size());
    tensors.push_back({std::move(name), type, std::move(dims), std::move(data)});
    return *this;
  }

  Bytes header() const {
    Bytes out;
    append(out, "GGUF", 4);
    put(out, version);
    put(out, tensor_count.value_or(tensors.size()));
    put(out, kv_count.value_or(entries_));
    append(out, metadata_.data(), metadata_.size());
    uint64_t offset = 0;
    for (const Tensor& t : tensors) {
      put_string(out, t.name);
      put(out, t.n_dims.value_or(static_cast<uint32_t>(t.dims.size())));
      for (const uint64_t d : t.dims) put(out, d);
      put(out, t.type);
      put(out, t.offset.value_or(offset));
      offset += padded(t.data.size());
    }
    return out;
  }

  Bytes bytes() const {
    Bytes out = header();
    for (const Tensor& t : tensors) {
      out.resize(padded(out.size()));
      append(out, t.data.data(), t.data.size());
    }
    return out;
  }

 private:
  void begin(std::string_view key, Kind kind) {
    put_string(metadata_, key);
    put(metadata_, uint32_t{kind});
    entries_++;
  }
  size_t padded(size_t n) const { return (n + alignment - 1) / alignment * alignment; }

  Bytes metadata_;
  uint64_t entries_ = 0;
};

// A file with every kind of metadata and a few tensors.
inline GgufBuilder small_gguf() {
  using B = GgufBuilder;
  B b;
  b.text("general.architecture", "llama").value("a.u8", B::u8, uint8_t{200}).value("a.i8", B::i8, int8_t{-100});
  b.value("a.u16", B::u16, uint16_t{65535}).value("a.i16", B::i16, int16_t{-300}).value("a.u32", B::u32, 4000000000u);
  b.value("a.i32", B::i32, int32_t{-70000}).value("a.f32", B::f32, 0.1f).value("a.yes", B::boolean, uint8_t{1});
  b.value("a.no", B::boolean, uint8_t{0}).value("a.u64", B::u64, uint64_t{1} << 63).value("a.i64", B::i64, int64_t{-5});
  b.value("a.f64", B::f64, 0.1).text("a.empty", "");
  b.list("l.u8", B::u8, std::vector<uint8_t>{1, 255}).list("l.i8", B::i8, std::vector<int8_t>{-1, 1});
  b.list("l.u16", B::u16, std::vector<uint16_t>{1, 65535}).list("l.i16", B::i16, std::vector<int16_t>{-1});
  b.list("l.u32", B::u32, std::vector<uint32_t>{7, 8, 9}).list("l.i32", B::i32, std::vector<int32_t>{-7});
  b.list("l.f32", B::f32, std::vector<float>{0.5f, -2}).list("l.bool", B::boolean, std::vector<uint8_t>{1, 0, 1});
  b.list("l.u64", B::u64, std::vector<uint64_t>{~uint64_t{0}}).list("l.i64", B::i64, std::vector<int64_t>{-9});
  b.list("l.f64", B::f64, std::vector<double>{1e300}).texts("l.string", {"", "one", "caf\xc3\xa9"});
  b.list("l.none", B::i32, std::vector<int32_t>{});
  b.tensor("token_embd.weight", 0, {8, 3}, 96).tensor("blk.0.attn_q.weight", 8, {64, 2, 2}, 272);
  b.tensor("blk.0.ffn_up.weight", 12, {256}, 144).tensor("rope_freqs.weight", 1, {5}, 10);
  return b;
}

}  // namespace lt::check
