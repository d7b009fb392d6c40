// Random vocabularies and texts: nothing crashes, whatever a file says, and long texts take time in proportion.
#include <thread>

#include "check/check.h"
#include "check/tokenize_file.h"

using namespace lt;
using check::Ids;
using check::Random;
using check::Texts;
using tokenize::Tokenizer;

namespace {

std::string random_bytes(Random& random, size_t most) {
  static constexpr std::string_view parts[] = {"a", "b", "▁", "Ġ", " ", "<0x41>", "<s>", "é", "\xC3", "\xFF", "🦙", "1", "'s", "\n", "|>"};
  std::string s;
  for (size_t i = random.below(most); i > 0; --i) s += parts[random.below(std::size(parts))];
  if (random.below(8) == 0) s += static_cast<char>(random.below(256));
  return s;
}

Texts random_texts(check::MetadataFile& file, Random& random, size_t count, size_t most) {
  Texts all;
  for (size_t i = 0; i < count; ++i) all.push_back(file.keep(random_bytes(random, most)));
  return all;
}

std::shared_ptr<check::MetadataFile> random_vocabulary(Random& random) {
  auto file = std::make_shared<check::MetadataFile>();
  const size_t count = random.below(60) + 1;
  const size_t other = random.below(16) ? count : random.below(100);
  static constexpr std::string_view models[] = {"llama", "gpt2", "gemma4", "t5", "rwkv", "plamo2", "bert", "none"};
  static constexpr std::string_view pres[] = {"gpt-2", "llama-bpe", "qwen2", "smollm", "deepseek-coder", "default"};
  std::vector<int64_t> kinds;
  std::vector<double> scores;
  for (size_t i = 0; i < other; ++i) {
    kinds.push_back(static_cast<int64_t>(random.below(random.below(30) ? 6 : 9)));
    scores.push_back(random.below(9) ? -static_cast<double>(random.below(20)) : 0.0 / static_cast<double>(random.below(2)));
  }
  Texts merges;
  for (size_t i = random.below(40); i > 0; --i) {
    std::string merge = random.below(50) ? "a" : "";
    merge += random_bytes(random, 3);
    if (random.below(50)) merge += " b";
    merge += random_bytes(random, 2);
    merges.push_back(file->keep(std::move(merge)));
  }
  check::set_tokens(*file, random_texts(*file, random, count, 5), kinds);
  file->set("tokenizer.ggml.model", models[random.below(8)]).set("tokenizer.ggml.pre", pres[random.below(6)]);
  file->set("tokenizer.ggml.scores", gguf::Array(scores)).set("tokenizer.ggml.merges", gguf::Array(merges));
  if (random.below(2)) file->set("tokenizer.ggml.unknown_token_id", uint64_t{random.below(count + count / 8)});
  if (random.below(2)) file->set("general.architecture", std::string_view("phi3"));
  return file;
}

void use(const Tokenizer& t, bool tidied, Random& random) {
  for (int i = 0; i < 4; ++i) {
    for (const int32_t id : t.encode(random_bytes(random, 60), i % 2)) CHECK(id >= 0 && id < t.size());
    Ids ids;
    for (size_t n = random.below(20); n > 0; --n) ids.push_back(static_cast<int32_t>(random.below(static_cast<size_t>(t.size()))));
    std::string pieces;
    for (const int32_t id : ids) pieces += t.piece(id, i % 2);
    const std::string whole = t.decode(ids, i % 2);
    if (t.strips_first_space() && pieces.starts_with(' ')) pieces.erase(0, 1);
    CHECK(tidied ? whole.size() <= pieces.size() : whole == pieces);
  }
}

std::shared_ptr<check::MetadataFile> words_file(bool sentencepiece) {
  if (sentencepiece) return check::sentencepiece_file({"▁", "a", "aa", "aaaa", "▁▁", "▁▁▁▁", "▁a"}, {-9, -9, -1, -2, -3, -4, -5});
  return check::byte_level_file("llama-bpe", {"aa", "aaaa", "ĠĠ", "ĠĠĠĠ", "<|a|>", "<<"}, {1, 1, 1, 1, 3, 4},
                                {"a a", "aa aa", "Ġ Ġ", "ĠĠ ĠĠ"});
}

}  // namespace

CHECK_CASE("tokenize/random vocabularies are read or refused") {
  Random random(6);
  int read = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto file = random_vocabulary(random);
    try {
      use(*Tokenizer::load(*file), file->string("tokenizer.ggml.model") == "bert", random);
      ++read;
    } catch (const Error& e) {
      CHECK(e.code() == Code::format || e.code() == Code::unsupported);
    }
  }
  CHECK_THAT(read > 200, "only " << read << " of 4000 could be read: the check checks too little");
}

CHECK_CASE("tokenize/long texts without a place to cut, and back") {
  for (const bool sentencepiece : {false, true}) {
    const auto t = Tokenizer::load(words_file(sentencepiece));
    for (const char c : {'a', ' ', '\n', '1', '<', '\0', '\xFF'}) {
      const std::string text(1 << 18, c);
      CHECK(t->decode(t->encode(text, true), true) == text);
    }
  }
}

CHECK_CASE("tokenize/a vocabulary made to be slow") {
  // Merges and special tokens of every length of one letter, on a text of that letter.
  check::MetadataFile file;
  Texts tokens;
  Texts merges;
  for (size_t n = 1; n <= 400; ++n) tokens.push_back(file.keep(std::string(n, 'a')));
  for (size_t n = 1; n < 400; ++n) merges.push_back(file.keep(std::string(n, 'a') + " a"));
  check::set_tokens(file, tokens, std::vector<int64_t>(tokens.size(), 1));
  file.set("tokenizer.ggml.model", std::string_view("gpt2")).set("tokenizer.ggml.merges", gguf::Array(merges));
  const std::string text(1 << 16, 'a');
  const auto merged = Tokenizer::load(file);
  CHECK(merged->decode(merged->encode(text, true), true) == text);
  check::set_tokens(file, tokens, std::vector<int64_t>(tokens.size(), 4));
  const auto found = Tokenizer::load(file);
  CHECK(found->encode(text, false).size() == (1 << 16) / 400 + 1);  // the rest is one token too
}

CHECK_CASE("tokenize/one tokenizer serves many threads") {
  const auto t = Tokenizer::load(words_file(false));
  const std::string text = "aaa aa a  aaaa <|a|> a's 123";
  const Ids expected = t->encode(text, true);
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (size_t i = 0; i < right.size(); ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 200; ++n) right[i] += t->encode(text, true) == expected && t->decode(expected, true) == text;
    });
  for (std::thread& thread : threads) thread.join();
  for (const int n : right) CHECK(n == 200);
}
