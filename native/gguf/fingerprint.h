// What tells a model's file from others.
#pragma once
#include "gguf/file.h"

namespace lt::gguf {

// Of names, types and shapes of all tensors, some bytes of each (models of one kind differ in these alone), and the metadata that are
// one value. Pages that were read for it are let go.
uint64_t fingerprint(const File& file);

}  // namespace lt::gguf
