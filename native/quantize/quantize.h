// A model's file to another with smaller weights: read in slabs, encoded on all threads, written in order, so that a few slabs are in
// memory however large the model is.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "quantize/plan.h"
#include "quantize/row_encoder.h"

namespace lt::quantize {

struct TensorReport {
  std::string name;
  Type from, to;
  std::vector<int64_t> dims;
  uint64_t bytes;
  Loss loss;       // of what was encoded; none where it was copied
  int64_t values;  // weights
};

struct Report {
  std::string type;
  uint64_t input_bytes, output_bytes;  // of the files
  std::vector<std::string> files;      // written
  std::vector<TensorReport> tensors;
  std::vector<std::string> notes;  // what the user should hear: Plan::notes, and what the importance matrix does not speak of
};

using Progress = std::function<bool(double fraction)>;  // false: stop, by Code::disposed

// What would be written, without a byte of it: no losses.
Report plan_only(const gguf::File& file, const std::string& output, const Options& options, const Progress& progress);
// Writes OUTPUT, or with keep_split OUTPUT-00001-of-0000N.gguf and so on. Throws what make_plan, check_matrix and check_coverage
// throw, Code::disk, Code::argument where the output would replace an input, Code::file where the input is cut while it is read.
Report quantize(const gguf::File& file, const std::string& output, const Options& options, const Progress& progress);

}  // namespace lt::quantize
