#include "gguf/split.h"

#include <algorithm>
#include <cstdio>

#include "gguf/values.h"

namespace lt::gguf {
namespace {

std::optional<uint64_t> number(const std::vector<Entry>& metadata, std::string_view key) {
  const auto entry = std::find_if(metadata.begin(), metadata.end(), [&](const Entry& e) { return e.first == key; });
  return entry == metadata.end() ? std::nullopt : std::optional(to_u64(key, entry->second));
}

std::string of(uint64_t no, uint64_t count) { return std::to_string(no + 1) + " of " + std::to_string(count); }

}  // namespace

SplitKeys split_of(const std::vector<Entry>& metadata) {
  const uint64_t count = number(metadata, "split.count").value_or(0);
  if (count < 2) return {};  // merged files keep a count of 0
  if (count > 65535) Owner{"metadata", "split.count"}.fail("expected at most 65535, found " + std::to_string(count));
  const std::optional<uint64_t> no = number(metadata, "split.no");
  if (!no) Owner{"metadata", "split.no"}.fail("expected, as split.count is " + std::to_string(count) + ", but absent");
  if (*no >= count) {
    Owner{"metadata", "split.no"}.fail("expected less than split.count, " + std::to_string(count) + ", found " + std::to_string(*no));
  }
  return {*no, count, number(metadata, "split.tensors.count")};
}

std::string part_suffix(uint64_t no, uint64_t count) {
  char text[64];
  std::snprintf(text, sizeof text, "-%05u-of-%05u.gguf", static_cast<unsigned>(no + 1), static_cast<unsigned>(count));
  return text;
}

std::string part_path(const std::string& first, uint64_t no, uint64_t count) {
  const std::string end = part_suffix(0, count);
  if (!first.ends_with(end)) {
    Owner{"metadata", "split.count"}.fail("the model has " + std::to_string(count) +
                                          " parts, which are found by name: expected a file name that ends in " + end);
  }
  return first.substr(0, first.size() - end.size()) + part_suffix(no, count);
}

void check_first(const std::string& path, const SplitKeys& split) {
  if (split.no == 0) return;
  const std::string own = part_suffix(split.no, split.count);
  const bool named = path.ends_with(own);
  const std::string first = (named ? path.substr(0, path.size() - own.size()) : "NAME") + part_suffix(0, split.count);
  Owner{"metadata", "split.no"}.fail("this is part " + of(split.no, split.count) + "; open the first, " + first);
}

void check_part(const SplitKeys& first, const SplitKeys& part, uint64_t no) {
  if (part.count != first.count) {
    Owner{"metadata", "split.count"}.fail("expected " + std::to_string(first.count) + " as in the first part, found " +
                                          std::to_string(part.count));
  }
  if (part.no != no) {
    Owner{"metadata", "split.no"}.fail("expected part " + of(no, first.count) + ", found part " + of(part.no, part.count));
  }
  if (part.tensors && first.tensors && *part.tensors != *first.tensors) {
    Owner{"metadata", "split.tensors.count"}.fail("expected " + std::to_string(*first.tensors) + " as in the first part, found " +
                                                  std::to_string(*part.tensors));
  }
}

}  // namespace lt::gguf
