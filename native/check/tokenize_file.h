// Vocabularies made by hand: a File of metadata only, and the parts that most cases share.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gguf/file.h"
#include "tokenize/tokenizer.h"

namespace lt::check {

// Values are kept as they are given; texts must outlive the file (literals, or keep()).
class MetadataFile final : public gguf::File {
 public:
  MetadataFile& set(std::string_view key, gguf::Value value) {
    for (auto& [name, old] : entries_)
      if (name == key) return old = std::move(value), *this;
    entries_.emplace_back(key, std::move(value));
    return *this;
  }
  MetadataFile& remove(std::string_view key) {
    std::erase_if(entries_, [&](const auto& entry) { return entry.first == key; });
    return *this;
  }
  std::string_view keep(std::string text) {
    kept_.push_back(std::make_unique<std::string>(std::move(text)));
    return *kept_.back();
  }

  const std::string& path() const override { return path_; }
  uint32_t version() const override { return 3; }
  uint64_t bytes() const override { return 0; }
  uint64_t tensor_bytes() const override { return 0; }
  int parts() const override { return 1; }
  std::span<const std::pair<std::string_view, gguf::Value>> metadata() const override { return entries_; }
  std::span<const std::span<const uint8_t>> raw_values() const override { return {}; }
  const gguf::Value* find(std::string_view key) const override {
    for (const auto& entry : entries_)
      if (entry.first == key) return &entry.second;
    return nullptr;
  }
  std::span<const gguf::HostTensor> tensors() const override { return {}; }
  const gguf::HostTensor* tensor(std::string_view) const override { return nullptr; }
  void prefetch(const std::function<bool(double)>&) const override {}
  void prefetch(std::span<const Bytes>, const std::function<bool(double)>&) const override {}
  void let_go(Bytes) const override {}

 private:
  std::string path_;
  std::vector<std::pair<std::string_view, gguf::Value>> entries_;
  std::vector<std::unique_ptr<std::string>> kept_;
};

using Texts = std::vector<std::string_view>;
using Ids = std::vector<int32_t>;

inline void set_tokens(MetadataFile& file, Texts tokens, std::vector<int64_t> kinds) {
  file.set("tokenizer.ggml.tokens", gguf::Array(std::move(tokens))).set("tokenizer.ggml.token_type", gguf::Array(std::move(kinds)));
}

// SentencePiece: 0 <unk>, 1 <s>, 2 </s>, 3 to 258 the bytes, then `tokens` with their scores.
inline std::shared_ptr<MetadataFile> sentencepiece_file(const Texts& tokens, const std::vector<double>& scores) {
  auto file = std::make_shared<MetadataFile>();
  Texts all{"<unk>", "<s>", "</s>"};
  std::vector<int64_t> kinds{2, 3, 3};
  std::vector<double> all_scores(259, 0.0);
  for (int byte = 0; byte < 256; ++byte) {
    const char* digits = "0123456789ABCDEF";
    all.push_back(file->keep(std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">"));
    kinds.push_back(6);
  }
  all.insert(all.end(), tokens.begin(), tokens.end());
  kinds.resize(all.size(), 1);
  all_scores.insert(all_scores.end(), scores.begin(), scores.end());
  set_tokens(*file, all, kinds);
  file->set("tokenizer.ggml.model", std::string_view("llama")).set("tokenizer.ggml.scores", gguf::Array(all_scores));
  file->set("tokenizer.ggml.bos_token_id", uint64_t{1}).set("tokenizer.ggml.eos_token_id", uint64_t{2});
  file->set("tokenizer.ggml.unknown_token_id", uint64_t{0});
  return file;
}

// The byte's letter, as byte-level vocabularies spell it; written anew from the rule, so that it checks the one in use.
inline std::string letter_of(int byte) {
  int code = 0x100;
  const auto plain = [](int b) { return (b > 32 && b < 127) || (b > 160 && b < 173) || b > 173; };
  for (int b = 0; b < byte; ++b) code += !plain(b);
  if (plain(byte)) code = byte;
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
}

// Byte-level: ids 0 to 255 are the bytes, then `tokens` of the given kinds.
inline std::shared_ptr<MetadataFile> byte_level_file(std::string_view pre, const Texts& tokens, const std::vector<int64_t>& kinds,
                                                     const Texts& merges) {
  auto file = std::make_shared<MetadataFile>();
  Texts all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(file->keep(letter_of(byte)));
  std::vector<int64_t> all_kinds(256, 1);
  all.insert(all.end(), tokens.begin(), tokens.end());
  all_kinds.insert(all_kinds.end(), kinds.begin(), kinds.end());
  all_kinds.resize(all.size(), 1);
  set_tokens(*file, all, all_kinds);
  file->set("tokenizer.ggml.model", std::string_view("gpt2")).set("tokenizer.ggml.pre", pre);
  file->set("tokenizer.ggml.merges", gguf::Array(merges));
  return file;
}

inline gguf::Value texts(Texts t) { return gguf::Array(std::move(t)); }

// A fixed sequence of numbers, the same on every machine (the finalizer of MurmurHash3 over a counter).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u) {}
  uint64_t next() {
    uint64_t x = state_ += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCDu;
    x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53u;
    return x ^ (x >> 33);
  }
  size_t below(size_t limit) { return static_cast<size_t>(next() % limit); }

 private:
  uint64_t state_;
};

}  // namespace lt::check
