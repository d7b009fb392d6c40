// Keys of files that were made of folders: damaged ones are errors, whatever is in them; names and rows that only fill up.
#include "check/check.h"
#include "check/tokenize_file.h"
#include "tokenize/normal_form.h"

using namespace lt;
using check::Ids;
using check::Random;
using check::texts;
using check::Texts;
using tokenize::Tokenizer;

namespace {

std::string key(const char* name) { return std::string("tokenizer.huggingface.") + name; }

// Ids 0 to 255 are the bytes; 256 <x>, 257 [PAD257], 258 another.
std::shared_ptr<check::MetadataFile> folder_file() {
  auto file = check::byte_level_file("gpt-2", {"<x>", "[PAD257]", "[PAD9]"}, {3, 5, 5}, {});
  file->set(file->keep(key("added_tokens")), gguf::Array(Texts{"<x>"}));
  file->set(file->keep(key("added_token_ids")), gguf::Array(std::vector<uint64_t>{256}));
  file->set(file->keep(key("added_token_flags")), gguf::Array(std::vector<uint64_t>{16}));
  return file;
}

void refused(const char* name, gguf::Value value, Code code) {
  const auto file = folder_file();
  file->set(file->keep(key(name)), std::move(value));
  CHECK_THROWS(Tokenizer::load(*file), code);
}

gguf::Value counts(std::vector<uint64_t> n) { return gguf::Array(std::move(n)); }

}  // namespace

CHECK_CASE("tokenize/damaged keys of a folder are refused") {
  refused("added_tokens", counts({1}), Code::format);
  refused("added_tokens", texts({"a", "b"}), Code::format);
  refused("added_tokens", texts({""}), Code::format);
  refused("added_token_ids", counts({259}), Code::format);
  refused("added_token_ids", counts({}), Code::format);
  refused("added_token_ids", texts({"1"}), Code::format);
  refused("added_token_flags", counts({1, 2}), Code::format);
  refused("normalizer", counts({1}), Code::format);
  refused("normalizer", texts({"NFX"}), Code::unsupported);
  refused("normalizer", texts({"Replace", "a"}), Code::format);
  refused("normalizer", texts({"Replace", "", "a"}), Code::format);
  refused("normalizer", texts({"Prepend"}), Code::format);
  refused("metaspace", std::string_view("seldom"), Code::format);
  refused("unk_token_id", uint64_t{259}, Code::format);
  refused("eos_token_ids", counts({259}), Code::format);
  refused("eos_token_ids", texts({"a"}), Code::format);
}

CHECK_CASE("tokenize/more pieces than there are tokens are refused") {
  const auto file = check::sentencepiece_file({"▁", "a", "▁a"}, {-3, -2, -1});
  file->set("tokenizer.sentencepiece.pieces", uint64_t{262});
  CHECK((Tokenizer::load(*file)->encode("a", true) == Ids{261}));
  file->set("tokenizer.sentencepiece.pieces", uint64_t{263});
  CHECK_THROWS(Tokenizer::load(*file), Code::format);
}

CHECK_CASE("tokenize/a normalizer that makes too much is stopped") {
  const auto file = folder_file();
  const std::string long_text(1 << 20, 'b');
  file->set(file->keep(key("normalizer")), texts({"Replace", "a", file->keep(long_text)}));
  CHECK_THROWS(Tokenizer::load(*file)->encode(std::string(1000, 'a'), true), Code::argument);
}

CHECK_CASE("tokenize/tokens that fill up rows have no name, and no text becomes one") {
  const auto file = folder_file();  // the tokenizer points into it
  const auto t = Tokenizer::load(*file);
  CHECK(t->has_name(0) && t->has_name(256) && !t->has_name(257) && t->has_name(258));  // spelt with another id: a token of that name
  CHECK(!t->has_name(-1) && !t->has_name(259));
  CHECK((t->encode("<x>", true) == Ids{256}));
}

CHECK_CASE("tokenize/any end of the list of a folder ends a generation") {
  const auto file = folder_file();
  file->set(file->keep(key("eos_token_ids")), counts({65, 258}));
  const auto t = Tokenizer::load(*file);
  CHECK(t->ends_generation(65) && t->ends_generation(258) && !t->ends_generation(66));
}

CHECK_CASE("tokenize/what is not UTF-8 passes through every normalizer") {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (size_t n = random.below(40); n > 0; --n)
      bytes += static_cast<char>(random.below(4) ? 0x80 + random.below(128) : random.below(256));
    std::string twice, once;
    const tokenize::NormalForm form{i % 2 == 0, i % 4 < 2};
    tokenize::append_normal_form(bytes, form, once);
    tokenize::append_normal_form(once, form, twice);
    CHECK(once == twice);  // normal forms are idempotent (UAX 15)
  }
  std::string out;
  tokenize::append_normal_form("\xC3\xFF\xCC\x81", {false, true}, out);
  CHECK(out == "\xC3\xFF\xCC\x81");
}
