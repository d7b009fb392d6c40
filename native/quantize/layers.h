// A model without some of its layers: those after them are numbered anew, and the metadata that speak of layers follow.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/field.h"
#include "gguf/file.h"

namespace lt::quantize {

// N of "blk.N.*", below 100000.
std::optional<int64_t> layer_of(std::string_view tensor);

class Layers {
 public:
  // Throws Code::argument for a layer that the file does not have, or if none would be left.
  Layers(const gguf::File& file, const std::vector<int64_t>& pruned);

  std::optional<std::string> renamed(std::string_view tensor) const;  // nothing: it is left out
  // With the count of layers, and of arrays that hold a value a layer the values of those that stay.
  std::vector<gguf::Field> metadata() const;

 private:
  const gguf::File& file_;
  std::string architecture_;
  std::vector<int64_t> numbers_;  // the new number of each layer, -1: left out; empty: all stay
  int64_t left_ = 0;
};

}  // namespace lt::quantize
