// What people call the mix of weight types of a file.
#pragma once
#include <string>

#include "gguf/file.h"

namespace lt::engine {

std::string file_type(const gguf::File& file);

}  // namespace lt::engine
