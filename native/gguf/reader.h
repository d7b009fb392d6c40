// One GGUF file's bytes -> its metadata and tensors. Reads from memory alone; what it returns points into those bytes.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "gguf/cursor.h"
#include "gguf/file.h"

namespace lt::gguf {

using Entry = std::pair<std::string_view, Value>;

struct Contents {
  uint32_t version = 0;
  std::vector<Entry> metadata;
  std::vector<std::span<const uint8_t>> raw_values;  // of each entry: type and value
  std::vector<HostTensor> tensors;                   // none with vocabulary_only
  uint64_t data_begin = 0, data_end = 0;             // from the first tensor's first byte to the last one's last
  uint64_t tensor_bytes = 0;
};

// bytes begin at an address that is a multiple of 8. Throws Code::format, Code::unsupported.
Contents read(std::span<const uint8_t> bytes, const OpenOptions& options);

// Its parts.
void read_metadata(Cursor& cursor, uint64_t count, Contents& contents);
// `cursor` at the tensor list; fills tensors, data_begin, data_end, tensor_bytes.
void read_tensors(Cursor& cursor, std::span<const uint8_t> bytes, uint64_t count, uint64_t alignment, Contents& contents);

}  // namespace lt::gguf
