// Models in several files: NAME-00001-of-00003.gguf and so on, each with its number and theirs in its metadata.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "gguf/reader.h"

namespace lt::gguf {

struct SplitKeys {
  uint64_t no = 0;                  // of this file, from 0
  uint64_t count = 1;               // files
  std::optional<uint64_t> tensors;  // of all files
};

// What the metadata say; a file without split keys is the one of one. Throws Code::format.
SplitKeys split_of(const std::vector<Entry>& metadata);

std::string part_suffix(uint64_t no, uint64_t count);  // -00001-of-00003.gguf

// Name of part `no`, given the first part's. Throws Code::format if that is not as the pattern says.
std::string part_path(const std::string& first, uint64_t no, uint64_t count);

// The file opened must be the first: throws Code::format, naming the one to open.
void check_first(const std::string& path, const SplitKeys& split);

// Part `no` of what `first` announces. Throws Code::format.
void check_part(const SplitKeys& first, const SplitKeys& part, uint64_t no);

}  // namespace lt::gguf
