// What tokenizer.json says of encoding that GGUF's own keys have no place for: how ids become exactly those of the library "tokenizers".
// It travels as tokenizer.huggingface.*, which other programs pass over.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "convert/config.h"
#include "gguf/field.h"

namespace lt::convert {

inline constexpr std::string_view metaspace_mark = "\xe2\x96\x81";  // U+2581, which stands for a space in SentencePiece

struct AddedToken {
  enum Flag : uint32_t { single_word = 1, strips_left = 2, strips_right = 4, normalized = 8, apart = 16 };
  std::string text;
  uint32_t id = 0, flags = 0;
};

struct Encoding {
  std::vector<std::string> normalizer;  // steps, each its name and the texts that it takes
  std::vector<AddedToken> added;
  std::string metaspace;  // always, first, never; empty: there is no such step
  bool metaspace_splits = true;
  std::optional<uint32_t> unknown;
  bool fuses_unknown = false, falls_to_bytes = false, takes_whole_words = false, strips_first_space = false;
  std::vector<std::string> splits;  // of merges of bytes, where GGUF has no name for them: what becomes of a match and the pattern, in turn
  bool complete_bytes = true;       // of merges of bytes: each byte is a token
  bool characters = false;          // merges of characters, whose ranks scores cannot tell
  bool pieces = false;              // of words or by probability: merges of nothing
  std::vector<std::string> steps;   // of the pre-tokenizer, where those keys do not tell them: three texts each
  std::vector<uint8_t> character_map;
  std::vector<double> scores;            // where 32 bits do not hold them
  std::string continuing_prefix;         // of pieces of words; those of a model of whole words have none
  std::optional<uint32_t> most_letters;  // of a word that is cut in pieces
  bool tidies = false;                   // decoding drops spaces before signs
  bool reads_bytes = false;              // decoding takes letters of merged characters for bytes

  // Whether the keys are needed: without them, the tokens are found and merged as in any GGUF file.
  bool needed() const;
  void put(std::vector<gguf::Field>& fields) const;
};

// The steps of the pre-tokenizer, of a model of characters. Throws Code::unsupported.
void read_steps(const Config& tokenizer, Encoding& to);

// The flags of a token in a list of added tokens. special: whether it is; then it is not normalized by default.
uint32_t flags_of(const json::Value& token, bool special);

// What the text is spelt in: letters that stand for bytes, characters with marked spaces, pieces of words, whole words.
enum class Letters { bytes, characters, word_pieces, words };

// Everything but the added tokens and how bytes are cut. Throws Code::unsupported, naming what is not read.
Encoding read_encoding(const Config& tokenizer, Letters letters);

}  // namespace lt::convert
