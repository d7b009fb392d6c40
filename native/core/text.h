// Names from a file, checked and made fit for a message.
#pragma once
#include <string>
#include <string_view>

namespace lt {

bool valid_utf8(std::string_view text);  // RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF

void append_utf8(std::string& to, char32_t code);  // code: below 0x110000

// For one line of a message: long text cut, control characters and broken UTF-8 written as \xNN.
std::string shown(std::string_view text);

}  // namespace lt
