// One file to several and back: NAME-00001-of-00003.gguf, each with its number, theirs and that of all tensors in its metadata.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "convert/convert.h"

namespace lt::convert {

struct SplitLimits {
  uint64_t bytes = 0;    // of a part's tensors at most, but at least one tensor a part; 0: no limit
  uint64_t tensors = 0;  // in a part at most; 0: no limit
};

struct WrittenFiles {
  std::vector<std::string> paths;
  std::vector<uint64_t> bytes;
};

// The first part holds the metadata and is written last, so that nothing can be opened before all is there. Throws Code::argument
// where a part would take the place of what is read or no limit is given, Code::disk.
WrittenFiles split(const std::string& from, const std::string& prefix, const SplitLimits& limits, const Progress& progress);

// `from`: the first part, or a file in one part.
Written merge(const std::string& from, const std::string& to, const Progress& progress);

// Throws Code::argument where `to` names one of the files that `from` is read from.
void check_apart(const gguf::File& from, const std::string& to);

}  // namespace lt::convert
