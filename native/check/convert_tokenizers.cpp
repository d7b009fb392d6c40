// Damaged tokenizers of folders: each reads or is an error, whatever is changed.
#include <random>

#include "check/check.h"
#include "convert/vocabulary.h"

namespace lt::check {
namespace {

constexpr const char* file_name = "tokenizer.json";

const std::string bytes_json =
    R"({"added_tokens":[{"id":5,"content":"<s>","special":true}],"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Sequence",)"
    R"("pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]},)"
    R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}]},)"
    R"("model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2," ":3,"ab ":4},"merges":["a b",["ab"," "]]}})";

const std::string characters_json =
    R"({"added_tokens":[{"id":0,"content":"<unk>","special":true}],"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend",)"
    "\"prepend\":\"\xe2\x96\x81\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\xe2\x96\x81\"}]},"
    R"("model":{"type":"BPE","byte_fallback":true,"unk_token":"<unk>","vocab":{"<unk>":0,"<0x0A>":1,"a":2,"b":3,"ab":4,"abb":5},)"
    R"("merges":[["a","b"],["ab","b"]]}})";

const std::string pieces_json =
    R"({"added_tokens":[{"id":0,"content":"[UNK]","special":true}],"normalizer":{"type":"BertNormalizer","strip_accents":null},)"
    R"("pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"BertProcessing","sep":["b",2],"cls":["a",1]},)"
    R"("decoder":{"type":"WordPiece","prefix":"##","cleanup":true},"model":{"type":"WordPiece","unk_token":"[UNK]",)"
    R"("continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"a":1,"b":2,"##b":3}}})";

const std::string scored_json =
    R"({"added_tokens":[{"id":0,"content":"<unk>","special":true}],"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAQAAAAg"},)"
    R"("pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true},)"
    R"("model":{"type":"Unigram","unk_id":0,"byte_fallback":false,"vocab":[["<unk>",0.0],["a",-1.5],["ab",-2.25e-1],["b",-3]]}})";

convert::Vocabulary read(const std::string& text) {
  const json::Document document(text);
  return convert::read_tokenizer(convert::Config(file_name, document.root()));
}

CHECK_CASE("convert/merges of bytes are read with their template") {
  const convert::Vocabulary v = read(bytes_json);
  CHECK(v.model == "gpt2" && v.pre == "smollm" && v.tokens.size() == 6 && v.first == "<s>" && v.last.empty());
  CHECK(v.merges.size() == 2 && v.merges[0] == "a b" && v.merges[1] == "ab \xc4\xa0" && v.tokens[5].kind == convert::Kind::control);
}

CHECK_CASE("convert/merges of characters become scores, the first merge the highest") {
  const convert::Vocabulary v = read(characters_json);
  CHECK(v.model == "llama" && v.space_prefix == true && v.tokens[0].kind == convert::Kind::unknown);
  CHECK(v.tokens[1].kind == convert::Kind::byte && v.tokens[4].score == 0 && v.tokens[5].score == -1 && v.tokens[2].score < -1);
}

CHECK_CASE("convert/pieces of words are spelt as GGUF has them, pieces with scores keep them") {
  const convert::Vocabulary words = read(pieces_json), scored = read(scored_json);
  CHECK(words.model == "bert" && words.first == "a" && words.last == "b" && words.tokens[0].kind == convert::Kind::unknown);
  CHECK(words.tokens[1].text ==
            "\xe2\x96\x81"
            "a" &&
        words.tokens[3].text == "b");
  CHECK(scored.model == "t5" && scored.tokens[2].score == -0.225f && scored.tokens[3].score == -3 && scored.space_prefix == true);
}

std::string piece(std::string_view text, char kind) {
  std::string body =
      "\x0a" + std::string(1, static_cast<char>(text.size())) + std::string(text) + "\x15" + std::string(4, '\0') + "\x18" + kind;
  return "\x0a" + std::string(1, static_cast<char>(body.size())) + body;
}

const std::string listed_text =
    "[\"<|plamo:unk|>\", 0, \"UNKNOWN\"]\n[\"<0x0A>\", -1.5, \"BYTE\", 1]\r\n\n[\"<|plamo:op|>\", 0, \"NORMAL\"]\n[\"a\", -2]";
const std::string world_text =
    "1 '\\x00' 1\n2 ' ' 1\r\n3 \"'\" 1\n4 '\\n\\t' 2\n6 b'\\xe4\\xb8' 2\n7 '\\u4e2d' 3\n8 '\\\\x' 2\n9 '\xe4\xb8\xad' 3\n10 'a\\'\"' 3\n";

CHECK_CASE("convert/PLaMo's tokens are read line by line") {
  const convert::Vocabulary v = convert::read_listed(listed_text);
  CHECK(v.model == "plamo2" && v.tokens.size() == 4 && v.tokens[1].score == -1.5f && v.tokens[3].text == "a");
  const convert::Kind kinds[] = {convert::Kind::unknown, convert::Kind::byte, convert::Kind::control, convert::Kind::normal};
  for (size_t i = 0; i < 4; i++) CHECK(v.tokens[i].kind == kinds[i]);
}

// What Python's repr(eval(literal)) gives, encoded, without b'...'.
CHECK_CASE("convert/RWKV's tokens are spelt as Python shows their bytes") {
  const convert::Vocabulary v = convert::read_world(world_text);
  const char* const wanted[] = {"<s>",   "\\x00",           " ",     "'", "\\n\\t", "", "\\xe4\\xb8", "\\xe4\\xb8\\xad",
                                "\\\\x", "\\xe4\\xb8\\xad", "a\\'\""};
  CHECK(v.model == "rwkv" && v.tokens.size() == std::size(wanted));
  for (size_t i = 0; i < std::size(wanted); i++) CHECK_THAT(v.tokens[i].text == wanted[i], i << ": " << v.tokens[i].text);
  CHECK(v.tokens[5].kind == convert::Kind::unused && v.tokens[0].kind == convert::Kind::control);
}

CHECK_CASE("convert/any damage to a tokenizer reads or is refused") {
  const std::string model = piece("<unk>", 2) + piece("a", 1) + piece("ab", 1) + std::string("\x12\x02\x18\x02\x1a\x02\x18\x00", 8);
  CHECK(convert::read_sentencepiece(model).tokens.size() == 3 && convert::read_sentencepiece(model).space_prefix == false);
  std::mt19937 random(1);
  const auto damaged = [&](std::string text, int i) {
    for (int changes = 1 + i % 3; changes > 0; changes--) text[random() % text.size()] = static_cast<char>(random());
    if (i % 7 == 0) text.resize(random() % text.size());
    return text;
  };
  const auto survives = [](auto work) {
    try {
      work();
    } catch (const Error& e) {
      CHECK_THAT(e.code() == Code::format || e.code() == Code::unsupported, code_name(e.code()) << ": " << e.what());
    }
  };
  for (int i = 0; i < 20000; i++) {
    survives([&] { convert::read_sentencepiece(damaged(model, i)); });
    survives([&] { convert::read_listed(damaged(listed_text, i)); });
    survives([&] { convert::read_world(damaged(world_text, i)); });
    for (const std::string* text : {&bytes_json, &characters_json, &pieces_json, &scored_json})
      if (i % 2 == 0) survives([&] { read(damaged(*text, i)); });
  }
}

}  // namespace
}  // namespace lt::check
