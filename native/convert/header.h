// Metadata as the bytes of a GGUF file without tensors, to be read as one.
#pragma once
#include <cstdint>
#include <vector>

#include "gguf/field.h"

namespace lt::convert {

std::vector<uint8_t> header_of(const std::vector<gguf::Field>& fields);

}  // namespace lt::convert
