// How byte-level vocabularies spell bytes: printable Latin-1 as itself, the others as the code points from U+0100 on, in order
// (GPT-2's bytes_to_unicode, Radford et al. 2019), so that a token is always text: a space is U+0120.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace lt::tokenize {

class ByteAlphabet {
 public:
  static const ByteAlphabet& get();

  void spell(std::string_view bytes, std::string& out) const;
  // Appends the bytes of a token. What the alphabet does not have stands for itself.
  void read(std::string_view token, std::string& out) const;

 private:
  ByteAlphabet();

  struct Letter {
    char bytes[2];
    uint8_t size;
  };
  std::array<Letter, 256> letters_;
  std::array<int16_t, 0x144> byte_of_;  // by code point; -1: not a letter
};

}  // namespace lt::tokenize
