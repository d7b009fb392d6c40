// Vocabularies that a file should not have: a typed error each, or a reading that is written down.
#include <limits>

#include "check/check.h"
#include "check/tokenize_file.h"

using namespace lt;
using check::Ids;
using check::texts;
using check::Texts;
using tokenize::Tokenizer;

namespace {
auto spm() { return check::sentencepiece_file({"▁", "a", "▁a"}, {-3, -2, -1}); }
auto bpe() { return check::byte_level_file("gpt-2", {"ab"}, {1}, {"a b"}); }
gguf::Value text(const char* s) { return std::string_view(s); }
gguf::Value numbers(std::vector<int64_t> n) { return gguf::Array(std::move(n)); }
gguf::Value floats(std::vector<double> n) { return gguf::Array(std::move(n)); }

void refused(const std::shared_ptr<check::MetadataFile>& file, std::string_view key, gguf::Value value, Code code) {
  file->set(key, std::move(value));
  CHECK_THROWS(Tokenizer::load(*file), code);
}

void refused_without(const std::shared_ptr<check::MetadataFile>& file, std::string_view key) {
  file->remove(key);
  CHECK_THROWS(Tokenizer::load(*file), Code::format);
}
}  // namespace

CHECK_CASE("tokenize/kinds that are not built are named, with those that are") {
  for (const char* model : {"wordlevel", "none", ""}) refused(bpe(), "tokenizer.ggml.model", text(model), Code::unsupported);
  for (const char* pre : {"no such", "gpt-2 phi-2", "llama"}) refused(bpe(), "tokenizer.ggml.pre", text(pre), Code::unsupported);
  try {
    auto file = bpe();
    file->set("tokenizer.ggml.pre", text("no such\n"));
    Tokenizer::load(*file);
  } catch (const Error& e) {
    const std::string what = e.what();
    CHECK(what.find("no such\\x0a") != std::string::npos && what.find("llama-bpe") != std::string::npos);
  }
}

CHECK_CASE("tokenize/a byte-level file without a pre-tokenizer is cut as gpt-2's") {
  auto file = bpe();
  file->set("tokenizer.ggml.pre", text("default"));
  CHECK((Tokenizer::load(*file)->encode("ab", false) == Ids{256}));
  file->remove("tokenizer.ggml.pre");
  CHECK((Tokenizer::load(*file)->encode("ab", false) == Ids{256}));
}

CHECK_CASE("tokenize/missing metadata") {
  refused_without(bpe(), "tokenizer.ggml.model");
  refused_without(bpe(), "tokenizer.ggml.tokens");
  refused_without(bpe(), "tokenizer.ggml.merges");
  refused_without(spm(), "tokenizer.ggml.scores");
  auto file = bpe();
  file->remove("tokenizer.ggml.token_type");  // then all are ordinary
  CHECK((Tokenizer::load(*file)->encode("ab", true) == Ids{256}));
}

CHECK_CASE("tokenize/metadata of wrong types and lengths") {
  refused(bpe(), "tokenizer.ggml.tokens", texts({}), Code::format);
  refused(bpe(), "tokenizer.ggml.tokens", numbers({1, 2}), Code::format);
  refused(bpe(), "tokenizer.ggml.tokens", text("a"), Code::format);
  refused(bpe(), "tokenizer.ggml.merges", floats({1}), Code::format);
  refused(bpe(), "tokenizer.ggml.token_type", numbers({1, 1}), Code::format);
  refused(bpe(), "tokenizer.ggml.token_type", texts({"a"}), Code::format);
  refused(bpe(), "tokenizer.ggml.token_type", numbers(std::vector<int64_t>(257, 7)), Code::format);
  refused(bpe(), "tokenizer.ggml.token_type", numbers(std::vector<int64_t>(257, -1)), Code::format);
  refused(bpe(), "tokenizer.ggml.token_type", numbers(std::vector<int64_t>(257, 6)), Code::format);  // not spelt as bytes
  refused(spm(), "tokenizer.ggml.scores", floats({1, 2}), Code::format);
  refused(spm(), "tokenizer.ggml.scores", numbers({1, 2}), Code::format);
}

CHECK_CASE("tokenize/special ids outside the vocabulary") {
  for (const char* key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                          "tokenizer.ggml.eom_token_id", "tokenizer.ggml.unknown_token_id"}) {
    refused(bpe(), key, uint64_t{257}, Code::format);
    refused(bpe(), key, uint64_t{1} << 40, Code::format);
    auto file = bpe();
    file->set(key, uint64_t{UINT32_MAX});  // how files write "none"
    CHECK(Tokenizer::load(*file)->eos() == -1);
  }
}

CHECK_CASE("tokenize/merges that make no sense") {
  for (const char* merge : {"", " ", "ab", "a ", " b", "  "}) {
    const std::string name = merge;
    if (name == "  ") continue;  // a space and a space: a vocabulary may spell them so
    refused(bpe(), "tokenizer.ggml.merges", texts({merge}), Code::format);
  }
  auto file = bpe();
  file->set("tokenizer.ggml.merges", texts({"x y", "no such", "a b", "a b"}));
  CHECK((Tokenizer::load(*file)->encode("abxy", false) == Ids{256, 'x', 'y'}));
}

CHECK_CASE("tokenize/empty and repeated tokens") {
  const auto file = check::byte_level_file("gpt-2", {"", "ab", "ab", "", "<x>", "<x>"}, {4, 1, 1, 3, 3, 4}, {"a b"});
  const auto t = Tokenizer::load(*file);
  CHECK((t->encode("ab", true) == Ids{258}));  // the last of those spelt alike
  CHECK((t->encode("<x>", false) == Ids{261}));
  CHECK(t->decode(Ids{256, 257, 259}, true) == "ab");
}

CHECK_CASE("tokenize/scores that are no numbers come last") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const auto file = check::sentencepiece_file({"▁", "a", "b", "c", "ab", "bc", "ca"}, {0, 0, 0, 0, nan, -inf, inf});
  const auto t = Tokenizer::load(*file);
  CHECK((t->encode("abc", false) == Ids{259, 260, 264}));
  CHECK((t->encode("abca", false) == Ids{259, 263, 265}));
}

CHECK_CASE("tokenize/a vocabulary without letters for some bytes leaves them out") {
  check::MetadataFile file;
  check::set_tokens(file, {"a"}, {1});
  file.set("tokenizer.ggml.model", text("gpt2")).set("tokenizer.ggml.merges", texts({}));
  CHECK((Tokenizer::load(file)->encode("aba", false) == Ids{0, 0}));
}
