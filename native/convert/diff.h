// What two models differ in: files, split files and folders alike.
#pragma once
#include <string>
#include <vector>

#include "convert/convert.h"

namespace lt::convert {

struct TensorDifference {
  std::string name;
  std::string what;    // "only in A", "only in B", "type", "shape", "values"
  std::string a, b;    // type and shape in words
  double largest = 0;  // of the absolute differences of values, both decoded; "type" and "values" alone. NaN where one is no number
};

struct KeyDifference {
  std::string key;
  std::string what;  // "only in A", "only in B", "value"
};

struct Differences {
  std::vector<KeyDifference> metadata;
  std::vector<TensorDifference> tensors;
};

Differences diff(const std::string& a, const std::string& b, const Progress& progress);

}  // namespace lt::convert
