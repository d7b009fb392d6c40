#include "gguf/reader.h"

#include <algorithm>
#include <bit>

#include "gguf/values.h"

namespace lt::gguf {
namespace {

constexpr uint64_t smallest_entry = 8 + 1 + 4 + 1;           // key of one byte, type, a byte
constexpr uint64_t smallest_tensor = 8 + 1 + 4 + 8 + 4 + 8;  // name of one byte, one dimension
constexpr Owner header{};

uint32_t read_version(Cursor& cursor) {
  const uint8_t* magic = cursor.take(4, 1, header, "magic");
  if (std::memcmp(magic, "GGUF", 4) != 0) {
    header.fail("magic: expected \"GGUF\", found \"" + shown({reinterpret_cast<const char*>(magic), 4}) + "\"; this is not a GGUF file");
  }
  const uint32_t version = cursor.number<uint32_t>(header, "version");
  if (version == 2 || version == 3) return version;
  if (version == 0x02000000 || version == 0x03000000) {
    header.fail("version: this file is big-endian, which is not supported; convert it to little-endian");
  }
  if (version == 1) header.fail("version: expected 2 or 3, found 1, which is no longer supported; convert the model again");
  header.fail("version: expected 2 or 3, found " + std::to_string(version));
}

uint64_t read_count(Cursor& cursor, const char* field, uint64_t smallest) {
  const uint64_t count = cursor.number<uint64_t>(header, field);
  if (count > cursor.remaining() / smallest) {
    header.fail(std::string(field) + ": found " + std::to_string(count) + ", more than " + std::to_string(cursor.remaining()) +
                " bytes that follow can hold");
  }
  return count;
}

uint64_t alignment_of(const std::vector<Entry>& metadata) {
  constexpr std::string_view key = "general.alignment";
  const auto entry = std::find_if(metadata.begin(), metadata.end(), [&](const Entry& e) { return e.first == key; });
  if (entry == metadata.end()) return 32;
  const uint64_t alignment = to_u64(entry->first, entry->second);
  if (!std::has_single_bit(alignment) || alignment < 8 || alignment > uint64_t{1} << 31) {
    Owner{"metadata", key}.fail("expected a power of two from 8 to 2^31, found " + std::to_string(alignment));
  }
  return alignment;
}

}  // namespace

Contents read(std::span<const uint8_t> bytes, const OpenOptions& options) {
  Cursor cursor(bytes);
  Contents contents;
  contents.version = read_version(cursor);
  const uint64_t tensors = read_count(cursor, "tensor_count", options.vocabulary_only ? 1 : smallest_tensor);
  const uint64_t entries = read_count(cursor, "kv_count", smallest_entry);
  read_metadata(cursor, entries, contents);
  const uint64_t alignment = alignment_of(contents.metadata);
  if (!options.vocabulary_only) read_tensors(cursor, bytes, tensors, alignment, contents);
  return contents;
}

}  // namespace lt::gguf
