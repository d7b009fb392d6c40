// A Hugging Face folder as a gguf::File: metadata made from its JSON files, tensors that lie in the mapped safetensors. What the two
// formats store otherwise is made: vectors become F32, FP8 becomes BF16, experts are stacked, and what an architecture's rules change or
// move. All else is the file's own pages.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "gguf/file.h"

namespace lt::convert {

struct FolderOptions {
  bool vocabulary_only = false;  // the tokenizer's metadata: no safetensors are opened
  bool streamed = false;         // tensors that are made have no data: File::read makes as many bytes as are asked for
  bool written = false;          // a GGUF file is made of it: Code::unsupported for what one cannot say
  std::optional<Type> matrices;  // their type; empty: as they are stored, FP8 as BF16. Another than the stored one is made
  std::string name;              // general.name; empty: the folder's
  gguf::Access access{};         // to the safetensors
};

// Throws Code::file, Code::format, Code::unsupported (an architecture that is not read, a tensor without a place) and Code::memory,
// with the name of the file and the key or tensor.
std::shared_ptr<const gguf::File> open_folder(const std::string& path, const FolderOptions& options = {});

bool is_folder(const std::string& path);

// A folder or a GGUF file.
std::shared_ptr<const gguf::File> open(const std::string& path, const gguf::OpenOptions& options = {});

}  // namespace lt::convert
