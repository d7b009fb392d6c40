// Unicode's normal forms (UAX 15) and the classes that normalizers of tokenizers ask for. What is not UTF-8 stays as it is.
#pragma once
#include <string>
#include <string_view>

namespace lt::tokenize {

struct NormalForm {
  bool compatible;  // NFKD, NFKC
  bool composed;    // NFC, NFKC
};

// Appends the text in the form. Time in proportion to the text, times the logarithm of its longest run of combining marks.
void append_normal_form(std::string_view text, NormalForm form, std::string& out);

// Appends each character in lower case, whatever stands beside it.
void append_lower(std::string_view text, std::string& out);

bool is_combining_mark(char32_t code);
bool is_word_letter(char32_t code);  // what regular expressions call \w

}  // namespace lt::tokenize
