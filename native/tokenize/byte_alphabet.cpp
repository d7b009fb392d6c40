#include "tokenize/byte_alphabet.h"

#include "tokenize/unicode.h"

namespace lt::tokenize {

namespace {
bool spelt_as_itself(int byte) { return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE; }
}  // namespace

ByteAlphabet::ByteAlphabet() {
  byte_of_.fill(-1);
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const int code = spelt_as_itself(byte) ? byte : next++;
    byte_of_[static_cast<size_t>(code)] = static_cast<int16_t>(byte);
    Letter& letter = letters_[static_cast<size_t>(byte)];
    if (code < 0x80)
      letter = {{static_cast<char>(code), 0}, 1};
    else
      letter = {{static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))}, 2};
  }
}

const ByteAlphabet& ByteAlphabet::get() {
  static const ByteAlphabet alphabet;
  return alphabet;
}

void ByteAlphabet::spell(std::string_view bytes, std::string& out) const {
  for (const char c : bytes) {
    const Letter& letter = letters_[static_cast<uint8_t>(c)];
    out.append(letter.bytes, letter.size);
  }
}

void ByteAlphabet::read(std::string_view token, std::string& out) const {
  for (size_t at = 0; at < token.size();) {
    const auto lead = static_cast<uint8_t>(token[at]);
    // Letters have one or two bytes: the rest of read_utf8 is for what is none.
    const bool pair = lead >= 0xC2 && lead <= 0xC5 && at + 1 < token.size() && (token[at + 1] & 0xC0) == 0x80;
    const size_t code = pair ? static_cast<size_t>((lead & 0x1F) << 6 | (token[at + 1] & 0x3F)) : lead;
    const size_t bytes = pair ? 2 : lead < 0x80 ? 1 : read_utf8(token, at).bytes;
    const int byte = code < byte_of_.size() && (pair || lead < 0x80) ? byte_of_[code] : -1;
    if (byte >= 0)
      out.push_back(static_cast<char>(byte));
    else
      out.append(token, at, bytes);
    at += bytes;
  }
}

}  // namespace lt::tokenize
