// Unique names -> positions. Sorted, not hashed: no choice of names in a hostile file makes it slow.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gguf/cursor.h"

namespace lt::gguf {

class Index {
 public:
  // Throws Code::format for a name that is there twice.
  Index(std::string_view kind, std::vector<std::string_view> names) : names_(std::move(names)), order_(names_.size()) {
    for (size_t i = 0; i < order_.size(); i++) order_[i] = i;
    std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) { return names_[a] < names_[b]; });
    for (size_t i = 1; i < order_.size(); i++) {
      if (names_[order_[i]] == names_[order_[i - 1]]) Owner{kind, names_[order_[i]]}.fail("is there twice");
    }
  }

  static constexpr size_t none = SIZE_MAX;
  size_t find(std::string_view name) const {
    const auto at = std::lower_bound(order_.begin(), order_.end(), name, [&](size_t i, std::string_view n) { return names_[i] < n; });
    return at != order_.end() && names_[*at] == name ? *at : none;
  }

 private:
  std::vector<std::string_view> names_;
  std::vector<size_t> order_;
};

}  // namespace lt::gguf
