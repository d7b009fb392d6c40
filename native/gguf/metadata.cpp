#include <algorithm>

#include "gguf/field.h"
#include "gguf/reader.h"

namespace lt::gguf {
namespace {

// A vocabulary has a quarter of a million entries in a few arrays. The limit keeps a file with holes, whose zeros take no
// space on the disk, from taking memory for them.
constexpr uint64_t most_elements = uint64_t{1} << 24;

class Metadata {
 public:
  explicit Metadata(Cursor& cursor) : cursor_(cursor) {}

  std::string_view key(uint64_t number) {
    owner_ = {"metadata", {}, number};
    return owner_.name = cursor_.name(owner_, "key");
  }

  Value value() {
    const ValueType kind{cursor_.number<uint32_t>(owner_, "type")};
    if (kind == ValueType::array) return array();
    return value(kind);
  }

 private:
  template <class T>
  T number() {
    return cursor_.number<T>(owner_, "value");
  }

  bool boolean() {
    const uint8_t byte = number<uint8_t>();
    if (byte > 1) owner_.fail("expected a boolean, 0 or 1, found " + std::to_string(byte));
    return byte == 1;
  }

  Value value(ValueType kind) {
    switch (kind) {
      case ValueType::u8:
        return uint64_t{number<uint8_t>()};
      case ValueType::i8:
        return int64_t{number<int8_t>()};
      case ValueType::u16:
        return uint64_t{number<uint16_t>()};
      case ValueType::i16:
        return int64_t{number<int16_t>()};
      case ValueType::u32:
        return uint64_t{number<uint32_t>()};
      case ValueType::i32:
        return int64_t{number<int32_t>()};
      case ValueType::f32:
        return double{number<float>()};
      case ValueType::boolean:
        return boolean();
      case ValueType::string:
        return cursor_.string(owner_, "value");
      case ValueType::u64:
        return number<uint64_t>();
      case ValueType::i64:
        return number<int64_t>();
      case ValueType::f64:
        return number<double>();
      case ValueType::array:
        break;
    }
    owner_.fail("type: expected 0 to 12, found " + std::to_string(static_cast<uint32_t>(kind)));
  }

  Array array() {
    const ValueType kind{cursor_.number<uint32_t>(owner_, "element type")};
    const uint64_t count = cursor_.number<uint64_t>(owner_, "count");
    switch (kind) {
      case ValueType::u8:
        return bytes(count);
      case ValueType::i8:
        return widened<int64_t, int8_t>(count);
      case ValueType::u16:
        return widened<uint64_t, uint16_t>(count);
      case ValueType::i16:
        return widened<int64_t, int16_t>(count);
      case ValueType::u32:
        return widened<uint64_t, uint32_t>(count);
      case ValueType::i32:
        return widened<int64_t, int32_t>(count);
      case ValueType::f32:
        return widened<double, float>(count);
      case ValueType::boolean:
        return booleans(count);
      case ValueType::string:
        return strings(count);
      case ValueType::u64:
        return widened<uint64_t, uint64_t>(count);
      case ValueType::i64:
        return widened<int64_t, int64_t>(count);
      case ValueType::f64:
        return widened<double, double>(count);
      case ValueType::array:
        owner_.fail("an array of arrays is not supported");
    }
    owner_.fail("element type: expected 0 to 12, found " + std::to_string(static_cast<uint32_t>(kind)));
  }

  std::span<const uint8_t> bytes(uint64_t count) {
    const uint8_t* from = take(count, 1);
    return {from, static_cast<size_t>(count)};
  }

  std::span<const uint8_t> booleans(uint64_t count) {
    const std::span<const uint8_t> all = bytes(count);
    const auto bad = std::find_if(all.begin(), all.end(), [](uint8_t b) { return b > 1; });
    if (bad != all.end()) {
      owner_.fail("element " + std::to_string(bad - all.begin()) + ": expected a boolean, 0 or 1, found " + std::to_string(*bad));
    }
    return all;
  }

  template <class To, class From>
  std::vector<To> widened(uint64_t count) {
    const uint8_t* from = take(count, sizeof(From));
    std::vector<To> all(static_cast<size_t>(count));
    for (size_t i = 0; i < all.size(); i++) {
      From x;
      std::memcpy(&x, from + i * sizeof x, sizeof x);
      all[i] = x;
    }
    return all;
  }

  std::vector<std::string_view> strings(uint64_t count) {
    if (count > cursor_.remaining() / 8) {
      owner_.fail("count: found " + std::to_string(count) + " strings, more than the " + std::to_string(cursor_.remaining()) +
                  " bytes that follow can hold");
    }
    limit(count);
    std::vector<std::string_view> all(static_cast<size_t>(count));
    for (std::string_view& s : all) s = cursor_.string(owner_, "element");
    return all;
  }

  const uint8_t* take(uint64_t count, uint64_t size) {
    const uint8_t* from = cursor_.take(count, size, owner_, "elements");
    limit(count);
    return from;
  }

  // Of all arrays together.
  void limit(uint64_t count) {
    elements_ += count;
    if (elements_ > most_elements) {
      owner_.fail("arrays of more than " + std::to_string(most_elements) + " elements in all are not supported");
    }
  }

  Cursor& cursor_;
  Owner owner_;
  uint64_t elements_ = 0;
};

}  // namespace

void read_metadata(Cursor& cursor, uint64_t count, Contents& contents) {
  Metadata metadata(cursor);
  for (uint64_t i = 0; i < count; i++) {  // the lists grow with what is there: the count is only a claim
    const std::string_view key = metadata.key(i);
    const std::span<const uint8_t> rest = cursor.rest();
    contents.metadata.emplace_back(key, metadata.value());
    contents.raw_values.push_back(rest.first(rest.size() - cursor.rest().size()));
  }
}

}  // namespace lt::gguf
