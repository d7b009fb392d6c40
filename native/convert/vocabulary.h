// A folder's tokenizer as a GGUF file's metadata: tokenizer.json or tokenizer.model, with tokenizer_config.json and the chat template.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "convert/config.h"
#include "convert/encoding.h"
#include "gguf/field.h"

namespace lt::convert {

enum class Kind : int32_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct Token {
  std::string text;
  Kind kind = Kind::unused;
  float score = 0;
};

struct Vocabulary {
  // tokenizer.ggml.model: gpt2 (merges of bytes), llama (SentencePiece, merges by score), t5 (SentencePiece, by probability), bert
  // (WordPiece), plamo2 (least cost, by score), rwkv
  std::string_view model;
  std::string_view pre;  // of gpt2
  std::vector<Token> tokens;
  std::vector<std::string> merges;                   // of gpt2
  std::optional<bool> space_prefix;                  // of llama and t5
  bool joins_spaces = false;                         // of t5 and of tokenizer.model: of spaces that follow one another one is left
  std::vector<uint8_t> character_map;                // of tokenizer.model
  bool falls_to_bytes = false;                       // of tokenizer.model: what no token has
  std::optional<bool> add_bos, add_eos;              // as tokenizer.json's template says
  std::string first, last;                           // the tokens that this is about; empty: none
  bool several_first = false, several_last = false;  // there are more than these
  std::optional<Encoding> encoding;                  // of tokenizer.json
  std::optional<uint32_t> pieces;                    // of tokenizer.model alone: how many tokens are its own

  // The token `id`, which may be new. Throws Code::format for one beyond 2^24.
  Token& at(int64_t id);
  std::optional<uint32_t> find(std::string_view text) const;
};

// tokenizer.json. Throws Code::unsupported for a kind that is not built, and for what is not read, naming it.
Vocabulary read_tokenizer(const Config& file);

// tokenizer.model: SentencePiece's protobuf message, of a model that merges or that chooses by probability.
Vocabulary read_sentencepiece(std::string_view message);
// Throws Code::unsupported where such a model does to a text what is not built, where it is all that a folder has.
void check_sentencepiece(std::string_view message);

// tokenizer.jsonl, of PLaMo 2.
Vocabulary read_listed(std::string_view text);

// RWKV's vocabulary, a line a token.
Vocabulary read_world(std::string_view text);

// How tokenizer.json cuts text into words: the name in tokenizer.ggml.pre. Where there is none, one that no program knows, and the steps in
// `encoding`. Throws Code::unsupported.
std::string_view read_pretokenizer(const Config& tokenizer, Encoding& encoding);
// Whether it ends with letters that stand for bytes.
bool cuts_bytes(const Config& tokenizer);

using Ids = std::unordered_map<std::string_view, int64_t>;  // of the model's own tokens
// Tokens that are no merges: pieces of words (WordPiece), pieces by probability (Unigram), whose list of tokens is in order of their ids.
Ids unigram_ids(const Config& tokenizer);
void read_unigram(const Config& tokenizer, Vocabulary& to);
void read_word_pieces(const Config& tokenizer, const Ids& ids, Vocabulary& to, Letters letters);

// All of it. size: tokens that the model has; what the tokenizer has not is filled up.
void describe_vocabulary(const std::string& folder, const Config& config, int64_t size, std::vector<gguf::Field>& fields);

// tokenizer.chat_template and those with names.
void describe_templates(const std::string& folder, const Config& tokenizer_config, std::vector<gguf::Field>& fields);

}  // namespace lt::convert
