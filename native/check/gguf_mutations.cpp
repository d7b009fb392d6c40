// Files cut at every byte and changed at random: each opens or throws lt::Error, and what opens can be read whole.
#include <cstring>
#include <filesystem>
#include <random>

#include "check/check.h"
#include "check/gguf_builder.h"
#include "check/gguf_walk.h"
#include "gguf/file.h"

namespace {

using namespace lt;
using namespace lt::check;

Bytes contents(const std::string& path) {
  const std::string text = read_file(path);
  return Bytes(text.begin(), text.end());
}

// True if it opened.
bool open_or_error(std::span<const uint8_t> bytes) {
  const bool vocabulary = walk(bytes, true);
  const bool whole = walk(bytes, false);
  CHECK(vocabulary || !whole);
  return whole;
}

void check_truncations(const Bytes& bytes, size_t header) {
  for (size_t n = 0; n < header; n++) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));  // a copy of its own: sanitizers see its end
    CHECK_THROWS(gguf::File::view(cut), Code::format);
    if (n % 8 == 0) walk(cut, true);
  }
}

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}
  size_t below(size_t n) { return n ? random_() % n : 0; }

  // One change in the first `header` bytes.
  void change(Bytes& bytes, size_t header) {
    const size_t at = below(header);
    switch (below(7)) {
      case 0:
        bytes[at] = static_cast<uint8_t>(random_());
        break;
      case 1:
        bytes[at] ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 2:
        overwrite(bytes, at, interesting(), 8);
        break;
      case 3:
        overwrite(bytes, at, interesting(), 4);
        break;
      case 4:
        bytes.resize(at);
        break;
      case 5:
        erase(bytes, at, below(std::min<size_t>(header - at, 40)));
        break;
      default:
        repeat(bytes, at, below(std::min<size_t>(header - at, 40)), below(header));
    }
  }

 private:
  uint64_t interesting() {
    static constexpr uint64_t values[] = {0,
                                          1,
                                          2,
                                          3,
                                          4,
                                          7,
                                          8,
                                          9,
                                          12,
                                          31,
                                          32,
                                          33,
                                          64,
                                          255,
                                          256,
                                          65535,
                                          uint64_t{1} << 31,
                                          0xffffffff,
                                          uint64_t{1} << 32,
                                          uint64_t{1} << 59,
                                          uint64_t{1} << 60,
                                          uint64_t{1} << 61,
                                          uint64_t{1} << 62,
                                          uint64_t{1} << 63,
                                          ~uint64_t{0},
                                          ~uint64_t{7},
                                          ~uint64_t{31}};
    return values[below(std::size(values))];
  }
  static void erase(Bytes& bytes, size_t at, size_t count) {
    std::memmove(bytes.data() + at, bytes.data() + at + count, bytes.size() - at - count);
    bytes.resize(bytes.size() - count);
  }
  static void repeat(Bytes& bytes, size_t from, size_t count, size_t to) {
    Bytes piece(count);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), count, piece.begin());
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(to), piece.begin(), piece.end());
  }
  static void overwrite(Bytes& bytes, size_t at, uint64_t value, size_t size) {
    std::memcpy(bytes.data() + at, &value, std::min(size, bytes.size() - at));
  }

  std::mt19937 random_;
};

int mutate(const Bytes& original, size_t header, int rounds, uint32_t seed) {
  Mutator mutator(seed);
  int opened = 0;
  for (int i = 0; i < rounds; i++) {
    Bytes bytes = original;
    for (size_t n = 1 + mutator.below(3); n > 0 && !bytes.empty(); n--) mutator.change(bytes, std::min(header, bytes.size()));
    bytes.shrink_to_fit();
    opened += open_or_error(bytes);
  }
  return opened;
}

CHECK_CASE("gguf/a file cut at any byte of its header is an error") {
  const GgufBuilder b = small_gguf();
  check_truncations(b.bytes(), b.bytes().size());
}

CHECK_CASE("gguf/a real model cut at any byte of its header is an error") {
  const std::string path = shared("models/story-Q8_0.gguf");
  const auto f = gguf::File::open(path);
  const size_t header = static_cast<size_t>(f->bytes() - f->tensor_bytes());
  Bytes bytes = contents(path);
  bytes.resize(header);
  check_truncations(bytes, header);
}

CHECK_CASE("gguf/20,000 mutations of a small file open or are errors") {
  const GgufBuilder b = small_gguf();
  const int opened = mutate(b.bytes(), b.header().size(), 20000, 1);
  CHECK_THAT(opened > 500 && opened < 15000, opened << " opened");
}

CHECK_CASE("gguf/mutations of the shared models open or are errors") {
  const std::filesystem::path folder = shared("golden/hf");
  uint32_t seed = 2;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::filesystem::path path = entry.path() / "model-bf16.gguf";
    if (!std::filesystem::exists(path)) continue;
    const Bytes bytes = contents(path.string());
    const auto f = gguf::File::view(bytes);
    mutate(bytes, static_cast<size_t>(f->bytes() - f->tensor_bytes()), 50, seed++);
  }
  CHECK(seed > 2);
}

}  // namespace
