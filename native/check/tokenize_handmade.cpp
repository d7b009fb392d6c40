// Tiny vocabularies whose ids can be worked out by hand.
#include "check/check.h"
#include "check/tokenize_file.h"

using namespace lt;
using check::Ids;
using tokenize::Tokenizer;

namespace {

constexpr int32_t kFirst = 259;  // of the tokens after <unk>, <s>, </s> and the bytes
int32_t byte_id(int byte) { return 3 + byte; }

auto sentencepiece() { return check::sentencepiece_file({"▁", "a", "b", "c", "ab", "bc", "▁ab", "▁▁"}, {-9, -9, -9, -9, -2, -1, -5, -3}); }

auto byte_level() {
  return check::byte_level_file("llama-bpe", {"ab", "abc", "Ġa", "bcd", "<|x|>", "<|xy|>", "y|><|x|>", "<tool>"}, {1, 1, 1, 1, 3, 3, 3, 4},
                                {"a b", "Ġ a", "ab c", "b c"});
}

}  // namespace

CHECK_CASE("tokenize/sentencepiece joins the best score first") {
  const auto file = sentencepiece();
  file->set("tokenizer.ggml.add_space_prefix", false);
  const auto t = Tokenizer::load(*file);
  CHECK((t->encode("ab", false) == Ids{kFirst + 4}));
  CHECK((t->encode("abc", false) == Ids{kFirst + 1, kFirst + 5}));  // bc (-1) before ab (-2)
  CHECK((t->encode("   ", false) == Ids{kFirst + 7, kFirst}));      // of equal pairs the leftmost
  CHECK((t->encode("", false).empty()));
}

CHECK_CASE("tokenize/sentencepiece puts a space before the text and after special tokens, and drops the first again") {
  const auto t = Tokenizer::load(sentencepiece());
  CHECK(t->strips_first_space());
  CHECK((t->encode("ab", false) == Ids{kFirst + 6}));
  CHECK((t->encode("ab<s>ab", true) == Ids{kFirst + 6, 1, kFirst + 6}));
  CHECK(t->decode(Ids{kFirst + 6, kFirst + 6}, false) == "ab ab");
  CHECK(t->decode(Ids{1, kFirst + 6}, false) == "ab");
  CHECK(t->decode(Ids{1, kFirst + 6}, true) == "<s> ab");
}

CHECK_CASE("tokenize/sentencepiece falls back to bytes, for what is not UTF-8 too") {
  const auto t = Tokenizer::load(sentencepiece());
  CHECK((t->encode("é", false) == Ids{kFirst, byte_id(0xC3), byte_id(0xA9)}));
  const std::string broken(
      "\xC3"
      "a\0\xFF",
      4);
  CHECK((t->encode(broken, false) == Ids{kFirst, byte_id(0xC3), kFirst + 1, byte_id(0), byte_id(0xFF)}));
  CHECK(t->decode(t->encode(broken, false), false) == broken);
}

CHECK_CASE("tokenize/sentencepiece without byte tokens gives the unknown token") {
  check::MetadataFile file;
  check::set_tokens(file, {"<unk>", "a", "▁"}, {2, 1, 1});
  file.set("tokenizer.ggml.model", std::string_view("llama")).set("tokenizer.ggml.scores", gguf::Array(std::vector<double>{0, -1, -2}));
  CHECK((Tokenizer::load(file)->encode("ab", false) == Ids{2, 1}));  // no unknown token either
  file.set("tokenizer.ggml.unknown_token_id", uint64_t{0});
  CHECK((Tokenizer::load(file)->encode("ab", false) == Ids{2, 1, 0}));
}

CHECK_CASE("tokenize/a token that spans words is still found") {
  const auto file = check::sentencepiece_file({"▁", "a", "b", "a▁", "a▁b", "▁a▁b"}, {-9, -9, -9, -1, -2, -3});
  CHECK((Tokenizer::load(*file)->encode("a b a b", false) == Ids{kFirst + 5, kFirst + 5}));
}

CHECK_CASE("tokenize/byte-level merges by rank, and takes whole words where the pre-tokenizer says so") {
  const auto file = byte_level();
  const auto t = Tokenizer::load(*file);
  CHECK((t->encode("abc", false) == Ids{257}));
  CHECK((t->encode("ab a", false) == Ids{256, 258}));
  CHECK((t->encode("bcd", false) == Ids{259}));                  // no merges lead there
  CHECK((t->encode("xbcd", false) == Ids{'x', 'b', 'c', 'd'}));  // "b c" makes what is no token: its letters
  file->set("tokenizer.ggml.pre", std::string_view("qwen2"));
  CHECK((Tokenizer::load(*file)->encode("bcd", false) == Ids{'b', 'c', 'd'}));
}

CHECK_CASE("tokenize/byte-level gives any bytes back") {
  const auto t = Tokenizer::load(byte_level());
  std::string all;
  for (int i = 0; i < 512; ++i) all += static_cast<char>(i * 7);
  const Ids ids = t->encode(all, true);
  CHECK(t->decode(ids, false) == all);
  CHECK(!t->strips_first_space());
}

CHECK_CASE("tokenize/special tokens: the longest first, wherever they overlap") {
  const auto t = Tokenizer::load(byte_level());
  CHECK((t->encode("<|x|>a<|xy|>", true) == Ids{260, 'a', 261}));
  CHECK((t->encode("<|xy|><|x|>", true) == Ids{'<', '|', 'x', 262}));
  CHECK((t->encode("<|x|", true) == Ids{'<', '|', 'x', '|'}));
  CHECK((t->encode("<|x|><tool>", false) == Ids{'<', '|', 'x', '|', '>', 263}));  // user-defined ones always
  CHECK(t->decode(Ids{260, 263, 97}, false) == "<tool>a");
  CHECK(t->decode(Ids{260, 263, 97}, true) == "<|x|><tool>a");
}

CHECK_CASE("tokenize/phi3's marks take the white space after them, but for three") {
  const auto file = check::sentencepiece_file({"▁", "a", "▁a", "<|end|>", "<|endoftext|>"}, {-9, -9, -1, 0, 0});
  auto kinds = std::get<std::vector<int64_t>>(*file->array("tokenizer.ggml.token_type"));
  kinds[kFirst + 3] = kinds[kFirst + 4] = 3;
  file->set("tokenizer.ggml.token_type", gguf::Array(kinds)).set("general.architecture", std::string_view("phi3"));
  const auto t = Tokenizer::load(*file);
  CHECK((t->encode("<|end|> \na<|endoftext|>\na", true) == Ids{kFirst + 3, kFirst + 2, kFirst + 4, kFirst, byte_id('\n'), kFirst + 1}));
}

CHECK_CASE("tokenize/what ends a generation: ids that the file names, and control tokens by name") {
  const auto file = check::byte_level_file("gpt-2", {"<|im_end|>", "</s>", "<|eot_id|>", "done", "<|fim_pad|>"}, {3, 1, 4, 1, 4}, {});
  file->set("tokenizer.ggml.eos_token_id", uint64_t{65}).set("tokenizer.ggml.eom_token_id", uint64_t{259});
  const auto t = Tokenizer::load(*file);
  CHECK(t->eos() == 65 && t->bos() == -1 && !t->add_bos() && !t->add_eos());
  CHECK(t->ends_generation(65) && t->ends_generation(256) && t->ends_generation(259));
  CHECK(!t->ends_generation(257));                       // an ordinary token of that name
  CHECK(t->ends_generation(258) && t->is_control(258));  // a mark, whatever type the file gives it
  CHECK(t->is_control(260) && !t->ends_generation(260));
  CHECK(!t->ends_middle(65) && !t->ends_middle(256) && !t->ends_middle(-1));
  CHECK(!t->ends_generation(-1) && !t->ends_generation(1 << 30) && !t->is_control(-1));
}

CHECK_CASE("tokenize/ids outside the vocabulary are refused") {
  const auto t = Tokenizer::load(byte_level());
  CHECK(t->size() == 264);
  for (const int32_t id : {-1, 264, INT32_MAX, INT32_MIN}) {
    CHECK_THROWS(t->decode(Ids{97, id}, false), Code::argument);
    CHECK_THROWS(t->piece(id, true), Code::argument);
    CHECK_THROWS(t->text(id), Code::argument);
  }
  CHECK_THROWS(t->encode(std::string((64u << 20) + 1, 'a'), false), Code::argument);
}

CHECK_CASE("tokenize/a tokenizer keeps a file that it shares") {
  std::shared_ptr<const gguf::File> file = byte_level();
  const std::weak_ptr<const gguf::File> watched = file;
  auto t = Tokenizer::load(std::move(file));
  CHECK(!watched.expired() && (t->encode("abc", false) == Ids{257}));
  t.reset();
  CHECK(watched.expired());
}
