// tokenizer.model: a ModelProto of SentencePiece (sentencepiece_model.proto), in protobuf's wire format: fields of a varint tag
// (number, wire type) and a value.
#include <cstring>

#include "convert/vocabulary.h"
#include "core/error.h"
#include "core/text.h"

namespace lt::convert {
namespace {

[[noreturn]] void fail(const std::string& what) { throw Error(Code::format, what + "; this is no model of SentencePiece"); }

struct Wire {
  uint64_t number = 0;     // of the field
  uint64_t value = 0;      // of a varint or a fixed number
  std::string_view bytes;  // of a string or message
};

class Message {
 public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}

  bool next(Wire& to) {
    if (rest_.empty()) return false;
    const uint64_t tag = varint();
    to = {};
    to.number = tag >> 3;
    switch (tag & 7) {
      case 0:
        to.value = varint();
        return true;
      case 1:
        to.value = fixed(8);
        return true;
      case 2:
        to.bytes = take(varint());
        return true;
      case 5:
        to.value = fixed(4);
        return true;
      default:
        fail("expected a field of wire type 0, 1, 2 or 5, found " + std::to_string(tag & 7));
    }
  }

 private:
  std::string_view take(uint64_t count) {
    if (count > rest_.size()) fail("expected " + std::to_string(count) + " bytes, found " + std::to_string(rest_.size()));
    const std::string_view taken = rest_.substr(0, static_cast<size_t>(count));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  uint64_t fixed(size_t bytes) {
    uint64_t x = 0;
    std::memcpy(&x, take(bytes).data(), bytes);
    return x;
  }
  uint64_t varint() {
    uint64_t x = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<uint8_t>(take(1)[0]);
      x |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return x;
    }
    fail("expected a number of at most 10 bytes");
  }

  std::string_view rest_;
};

// SentencePiece { piece = 1, score = 2, type = 3 }
Token read_piece(std::string_view bytes) {
  Token token;
  token.kind = Kind::normal;
  Message message(bytes);
  for (Wire w; message.next(w);) {
    if (w.number == 1) token.text = w.bytes;
    if (w.number == 2) {
      const auto bits = static_cast<uint32_t>(w.value);
      std::memcpy(&token.score, &bits, sizeof bits);
    }
    if (w.number == 3) {
      if (w.value < 1 || w.value > 6) fail("type of a piece: expected 1 to 6, found " + std::to_string(w.value));
      token.kind = static_cast<Kind>(w.value);
    }
  }
  if (!valid_utf8(token.text)) fail("expected pieces in UTF-8");
  return token;
}

// Of a message the last value of a varint field.
uint64_t number_in(std::string_view bytes, uint64_t number, uint64_t fallback) {
  Message message(bytes);
  for (Wire w; message.next(w);)
    if (w.number == number) fallback = w.value;
  return fallback;
}

// Of a message the last value of a field of bytes.
std::string_view bytes_in(std::string_view bytes, uint64_t number) {
  std::string_view found;
  Message message(bytes);
  for (Wire w; message.next(w);)
    if (w.number == number) found = w.bytes;
  return found;
}

}  // namespace

void check_sentencepiece(std::string_view bytes) {
  constexpr uint64_t trainer = 2, treat_whitespace_as_suffix = 24;
  if (number_in(bytes_in(bytes, trainer), treat_whitespace_as_suffix, 0) != 0)
    throw Error(Code::unsupported, "trainer_spec: treat_whitespace_as_suffix: is not built");
}

// ModelProto { pieces = 1, trainer_spec = 2 { model_type = 3, byte_fallback = 35 },
//              normalizer_spec = 3 { precompiled_charsmap = 2, add_dummy_prefix = 3, remove_extra_whitespaces = 4 } }
Vocabulary read_sentencepiece(std::string_view bytes) {
  Vocabulary out;
  constexpr uint64_t by_probability = 1, merging = 2;
  uint64_t model_type = by_probability, byte_fallback = 0;
  Message message(bytes);
  for (Wire w; message.next(w);) {
    if (w.number == 1) {
      const auto id = static_cast<int64_t>(out.tokens.size());
      out.at(id) = read_piece(w.bytes);
    }
    if (w.number == 2) model_type = number_in(w.bytes, 3, model_type), byte_fallback = number_in(w.bytes, 35, byte_fallback);
  }
  if (out.tokens.empty()) fail("expected pieces, found none");
  if (model_type != by_probability && model_type != merging)
    throw Error(Code::unsupported,
                "expected a model that chooses by probability (unigram, type 1) or that merges (BPE, type 2), found type " +
                    std::to_string(model_type));
  const std::string_view normalizer = bytes_in(bytes, 3), map = bytes_in(normalizer, 2);
  out.model = model_type == merging ? "llama" : "t5";
  out.space_prefix = number_in(normalizer, 3, 1) != 0;
  out.joins_spaces = number_in(normalizer, 4, 1) != 0;
  out.falls_to_bytes = byte_fallback != 0;
  out.character_map.assign(map.begin(), map.end());
  out.add_bos = model_type == merging;
  out.add_eos = model_type != merging;
  return out;
}

}  // namespace lt::convert
