// The tokenizer's metadata of a GGUF file, checked. Tokens stay views into the file.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gguf/file.h"
#include "tokenize/text_index.h"

namespace lt::tokenize {

enum class Kind : uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

// A token that a folder's tokenizer.json adds to those of its model, as tokenizer.huggingface.added_tokens tells it.
struct AddedToken {
  enum Flag : uint32_t {
    single_word = 1,   // found between what are no letters alone
    strips_left = 2,   // takes the white space before it
    strips_right = 4,  // and behind it
    normalized = 8,    // is found in normalized text, normalized itself
    apart = 16,        // not in the model's own vocabulary: nothing is merged to it
  };
  std::string_view text;
  int32_t id;
  uint32_t flags;
};

class Vocabulary {
 public:
  explicit Vocabulary(const gguf::File& file);

  int32_t size() const { return static_cast<int32_t>(tokens.size()); }
  bool is(int32_t id, Kind kind) const { return kinds[static_cast<size_t>(id)] == kind; }
  std::string_view text(int32_t id) const { return tokens[static_cast<size_t>(id)]; }
  // Control and unknown tokens are marks of the format: text never becomes one by accident, and they read as nothing.
  bool is_mark(int32_t id) const { return is(id, Kind::control) || is(id, Kind::unknown); }
  // False of a row that the model has beyond its tokens: those of the file, and in files made of folders those that are there to fill
  // up, of kind unused and spelt [PADn] with their own id.
  bool has_name(int32_t id) const;
  // A symbol of the user's that is a piece of SentencePiece's own model.
  bool is_symbol(int32_t id) const { return id < pieces && is(id, Kind::user_defined); }
  // -1: no token is spelt so.
  int32_t find(std::string_view text) const;
  // The value of a token of kind byte, spelt <0xHH>.
  uint8_t byte_value(int32_t id) const;

  std::span<const std::string_view> tokens;
  std::vector<Kind> kinds;
  std::vector<bool> ends;         // a generation stops at it
  std::vector<bool> middle_ends;  // of them, those that end the middle of a fill-in-the-middle prompt alone
  size_t longest = 0;             // bytes of the longest token
  int32_t bos = -1;
  int32_t eos = -1;
  int32_t unknown = -1;
  std::array<int32_t, 3> fill = {-1, -1, -1};  // marks before a prefix, a suffix and a middle, where the file names them
  bool from_folder = false;                    // ids are those of the library "tokenizers", by what tokenizer.huggingface.* says
  std::vector<AddedToken> added;               // of such
  int32_t pieces =
      0;  // of a folder's tokenizer.model: how many tokens are its own, and ids those of the library "sentencepiece"; 0: of none

 private:
  void read_kinds(const gguf::File& file);
  void read_pieces(const gguf::File& file);
  void read_special_ids(const gguf::File& file);
  void find_ends(const gguf::File& file);
  void end_middle(size_t id);
  void read_fill_marks(const gguf::File& file);
  void read_added(const gguf::File& file);
  void index();

  std::vector<std::string_view> spelt_;  // of a folder's: what find() goes by; of others tokens are
  TextIndex index_;
};

// Absent: nullptr. Present but of other elements than strings: Code::format.
const std::vector<std::string_view>* string_array(const gguf::File& file, std::string_view key);

}  // namespace lt::tokenize
