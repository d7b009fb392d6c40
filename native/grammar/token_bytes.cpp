#include "grammar/token_bytes.h"

#include <tuple>

#include "grammar/token_numbers.h"
#include "tokenize/unicode.h"

namespace lt::grammar {
namespace {

// In characters, where all of them are plain; else 0.
int plain_length(std::string_view text) {
  int length = 0;
  for (size_t at = 0; at < text.size(); ++length) {
    const tokenize::Read read = tokenize::read_utf8(text, at);
    if (!read.whole || read.code < ' ' || read.code == '"' || read.code == '\\') return 0;
    at += read.bytes;
  }
  return length;
}

}  // namespace

TokenTree::TokenTree(std::vector<uint32_t> ids, std::span<const std::string_view> tokens, std::span<const uint8_t> lengths)
    : ids_(std::move(ids)) {
  std::sort(ids_.begin(), ids_.end(), [&](uint32_t a, uint32_t b) { return std::tie(tokens[a], a) < std::tie(tokens[b], b); });
  std::vector<uint32_t> path;  // nodes from the first byte on
  std::string_view before;
  const auto close = [&](size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      Node& n = nodes_[path.back()];
      n.end = static_cast<uint32_t>(nodes_.size());
      if (path.size() > 1) nodes_[path[path.size() - 2]].longest = std::max(nodes_[path[path.size() - 2]].longest, n.longest);
    }
  };
  for (uint32_t i = 0; i < ids_.size(); ++i) {
    const std::string_view text = tokens[ids_[i]];
    const auto common = static_cast<size_t>(std::mismatch(text.begin(), text.end(), before.begin(), before.end()).first - text.begin());
    close(common);
    for (size_t d = common; d < text.size(); ++d) {
      path.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back({.end = 0, .first = i, .depth = static_cast<uint16_t>(d + 1), .byte = static_cast<uint8_t>(text[d]), .longest = 0});
    }
    if (!lengths.empty()) nodes_[path.back()].longest = std::max(nodes_[path.back()].longest, lengths[ids_[i]]);
    longest_ = std::max(longest_, text.size());
    before = text;
  }
  close(0);
  const auto count = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back({.end = count, .first = static_cast<uint32_t>(ids_.size()), .depth = 0, .byte = 0, .longest = 0});
}

TokenBytes::Parted TokenBytes::part(std::span<const std::string_view> tokens) {
  constexpr size_t longest = UINT16_MAX;
  Parted parted{.plain = {}, .others = {}, .long_ones = {}, .lengths = std::vector<uint8_t>(tokens.size())};
  for (uint32_t id = 0; id < tokens.size(); ++id) {
    const std::string_view text = tokens[id];
    if (text.empty() || text.size() > longest || text.find_first_of(number_marks) != std::string_view::npos) continue;
    if (text.size() > most_short) {
      parted.long_ones.push_back(id);
      continue;
    }
    const int length = plain_length(text);
    const bool plain = length > 0 && length <= most_plain;
    if (plain) parted.lengths[id] = static_cast<uint8_t>(length);
    (plain ? parted.plain : parted.others).push_back(id);
  }
  return parted;
}

TokenBytes::TokenBytes(std::span<const std::string_view> tokens) : TokenBytes(tokens, part(tokens)) {}

TokenBytes::TokenBytes(std::span<const std::string_view> tokens, Parted parted)
    : plain_(parted.plain, tokens, parted.lengths),
      others_(std::move(parted.others), tokens, {}),
      long_ones_(std::move(parted.long_ones), tokens, {}),
      up_to_(most_plain + 1, std::vector<uint64_t>((tokens.size() + 63) / 64)) {
  for (const uint32_t id : parted.plain)
    for (size_t k = parted.lengths[id]; k < up_to_.size(); ++k) up_to_[k][id >> 6] |= uint64_t{1} << (id & 63);
}

}  // namespace lt::grammar
