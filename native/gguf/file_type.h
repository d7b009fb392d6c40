// What people call the mix of weight types of a file: the values of general.file_type.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gguf/file.h"

namespace lt::gguf {

struct FileType {
  uint32_t id;
  std::string_view name;
};

std::span<const FileType> file_types();
std::string file_type(const File& file);  // its name; where the file does not say, that of the type that most bytes are of

}  // namespace lt::gguf
