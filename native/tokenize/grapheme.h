// Grapheme clusters (UAX 29, extended): what people take for one character.
#pragma once
#include <cstddef>
#include <string_view>

namespace lt::tokenize {

// Where the cluster that begins at `at`, which is below the text's end, ends. What is not UTF-8 is a cluster of its own. Conjuncts of Indic
// letters (rule GB9c) are left apart.
size_t grapheme_end(std::string_view text, size_t at);

}  // namespace lt::tokenize
