// Where the end of a text was there before.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace lt::sample {

// Of each place i of a text, how many tokens up to and with it are the same as at the text's end, at most `most`; of the last place all.
// Takes time in proportion to the text (Gusfield 1997, "Algorithms on Strings, Trees, and Sequences", section 1.4, from the end).
std::vector<size_t> same_as_end(std::span<const int32_t> text, size_t most);

}  // namespace lt::sample
