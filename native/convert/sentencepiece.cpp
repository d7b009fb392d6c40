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

// normalizer_spec = 3 { precompiled_charsmap = 2, remove_extra_whitespaces = 4 }, trainer_spec = 2 { treat_whitespace_as_suffix = 24 }
void check_sentencepiece(std::string_view bytes) {
  const std::string_view normalizer = bytes_in(bytes, 3), trainer = bytes_in(bytes, 2);
  const auto refuse = [](const char* what) { throw Error(Code::unsupported, std::string(what) + ": is not built"); };
  if (!bytes_in(normalizer, 2).empty()) refuse("normalizer_spec: precompiled_charsmap, a table of characters that become others");
  if (number_in(normalizer, 4, 1) != 0) refuse("normalizer_spec: remove_extra_whitespaces");
  if (number_in(trainer, 24, 0) != 0) refuse("trainer_spec: treat_whitespace_as_suffix");
}

// ModelProto { pieces = 1, trainer_spec = 2 { model_type = 3 }, normalizer_spec = 3 { add_dummy_prefix = 3 } }
Vocabulary read_sentencepiece(std::string_view bytes) {
  Vocabulary out;
  out.model = "llama";
  out.space_prefix = true;
  uint64_t model_type = 1;
  Message message(bytes);
  for (Wire w; message.next(w);) {
    if (w.number == 1) {
      const auto id = static_cast<int64_t>(out.tokens.size());
      out.at(id) = read_piece(w.bytes);
    }
    if (w.number == 2) model_type = number_in(w.bytes, 3, model_type);
    if (w.number == 3) out.space_prefix = number_in(w.bytes, 3, 1) != 0;
  }
  if (out.tokens.empty()) fail("expected pieces, found none");
  if (model_type != 2)
    throw Error(Code::unsupported, "expected a model that merges (BPE, type 2), found type " + std::to_string(model_type));
  out.add_bos = true;
  out.add_eos = false;
  return out;
}

}  // namespace lt::convert
