// Every rule of the format broken once: the right code, and a message that names the field.
#include <functional>

#include "check/check.h"
#include "check/gguf_builder.h"
#include "gguf/file.h"

namespace {

using namespace lt;
using namespace lt::check;
using B = GgufBuilder;
constexpr uint64_t huge = uint64_t{1} << 60;

void refused(const Bytes& bytes, Code code, std::initializer_list<const char*> words) {
  try {
    gguf::File::view(bytes);
  } catch (const Error& e) {
    CHECK_THAT(e.code() == code, code_name(e.code()) << ": " << e.what());
    for (const char* word : words) CHECK_THAT(std::string(e.what()).find(word) != std::string::npos, e.what() << " does not say " << word);
    return;
  }
  fail(__FILE__, __LINE__, std::string("opened, though wrong: ") + *words.begin());
}

// The small file, spoilt.
void refused(const std::function<void(B&)>& spoil, std::initializer_list<const char*> words) {
  B b = small_gguf();
  spoil(b);
  refused(b.bytes(), Code::format, words);
}

Bytes spoilt(size_t at, std::initializer_list<uint8_t> with) {
  Bytes bytes = small_gguf().bytes();
  for (const uint8_t b : with) bytes[at++] = b;
  return bytes;
}

CHECK_CASE("gguf/a file that is none, of another version or byte order is refused by name") {
  refused(Bytes{}, Code::format, {"magic", "end of the file at byte 0"});
  refused(Bytes{'G', 'G', 'U'}, Code::format, {"magic"});
  refused(spoilt(0, {'G', 'G', 'M', 'L'}), Code::format, {"magic", "GGML", "not a GGUF file"});
  refused(spoilt(0, {0, 1, 0xff, 10}), Code::format, {"magic", "\\x00\\x01\\xff\\x0a"});
  refused([](B& b) { b.version = 0x03000000; }, {"big-endian"});
  refused([](B& b) { b.version = 0x02000000; }, {"big-endian"});
  refused([](B& b) { b.version = 1; }, {"version", "found 1"});
  refused([](B& b) { b.version = 4; }, {"version: expected 2 or 3, found 4"});
  refused([](B& b) { b.version = 0; }, {"version", "found 0"});
}

CHECK_CASE("gguf/counts and lengths beyond the file are refused before memory is taken for them") {
  refused([](B& b) { b.tensor_count = huge; }, {"tensor_count", "1152921504606846976"});
  refused([](B& b) { b.kv_count = huge; }, {"kv_count", "1152921504606846976"});
  refused([](B& b) { b.kv_count = 28; }, {"tensor number 0: name"});  // the first tensor reads as metadata
  refused([](B& b) { b.tensor_count = 5; }, {"tensor number 4: "});
  for (const B::Kind kind : {B::u8, B::i8, B::u16, B::u32, B::f32, B::boolean, B::string, B::u64, B::f64}) {
    for (const uint64_t count : {huge, ~uint64_t{0}, uint64_t{1} << 61, uint64_t{100000}}) {
      refused([&](B& b) { b.list("x.list", kind, std::vector<uint8_t>{}, count); }, {"metadata x.list"});
    }
  }
  for (const uint64_t length : {huge, ~uint64_t{0}, uint64_t{100000}}) {
    refused([&](B& b) { b.value("x.text", B::string, length); }, {"metadata x.text: value: expected", "bytes at byte"});
    Bytes bytes = small_gguf().bytes();
    std::memcpy(bytes.data() + 24, &length, sizeof length);  // of the first key
    refused(bytes, Code::format, {"metadata number 0: key"});
  }
}

CHECK_CASE("gguf/wrong metadata is refused with its key") {
  refused([](B& b) { b.value("a.u8", B::u8, uint8_t{1}); }, {"metadata a.u8", "twice"});
  refused([](B& b) { b.value("bad\xff.key", B::u8, uint8_t{1}); }, {"metadata number 27: key: expected UTF-8", "bad\\xff.key"});
  refused([](B& b) { b.value("over\xc0\xaflong", B::u8, uint8_t{1}); }, {"UTF-8"});
  refused([](B& b) { b.value("", B::u8, uint8_t{1}); }, {"key: expected 1 to 65535 bytes, found 0"});
  refused([](B& b) { b.value(std::string(65536, 'k'), B::u8, uint8_t{1}); }, {"found 65536"});
  refused([](B& b) { b.value("x", static_cast<B::Kind>(13), uint8_t{1}); }, {"metadata x: type: expected 0 to 12, found 13"});
  refused([](B& b) { b.list("x", static_cast<B::Kind>(99), std::vector<uint8_t>{1}); }, {"metadata x: element type", "99"});
  refused([](B& b) { b.list("x", B::array, std::vector<uint8_t>{1}); }, {"metadata x", "array of arrays"});
  refused([](B& b) { b.value("x", B::boolean, uint8_t{2}); }, {"metadata x", "boolean", "found 2"});
  refused([](B& b) { b.list("x", B::boolean, std::vector<uint8_t>{1, 0, 3}); }, {"metadata x: element 2", "found 3"});
  for (const uint32_t alignment : {0u, 1u, 4u, 24u, 33u, 0xffffffffu}) {
    refused([&](B& b) { b.value("general.alignment", B::u32, alignment); }, {"metadata general.alignment"});
  }
  refused([](B& b) { b.text("general.alignment", "32"); }, {"metadata general.alignment", "integer"});
}

CHECK_CASE("gguf/wrong tensors are refused with their name") {
  const auto add = [](uint32_t type, std::vector<uint64_t> dims, std::optional<uint64_t> offset = {}) {
    return [=](B& b) {
      b.tensor("bad.weight", type, dims, 64);
      b.tensors.back().offset = offset;
    };
  };
  refused(add(9, {32}), {"tensor bad.weight: type: found 9"});
  refused(add(43, {32}), {"type: found 43"});
  refused(add(256 + 8, {32}), {"type: found 264"});
  refused(add(4, {32}), {"tensor bad.weight: type: Q4_2 (4) is retired"});
  refused(add(36, {32}), {"IQ4_NL_4_4"});
  refused(add(8, {33}), {"tensor bad.weight: dims[0]: expected a multiple of 32 for type Q8_0, found 33"});
  refused(add(12, {128, 2}), {"dims[0]", "multiple of 256"});
  refused(add(0, {4, 0}), {"tensor bad.weight: dims[1]", "found 0"});
  refused(add(0, {uint64_t{1} << 63}), {"dims[0]"});
  refused(add(0, {uint64_t{1} << 32, uint64_t{1} << 32}), {"tensor bad.weight: dims", "2^63"});
  refused(add(0, {uint64_t{1} << 31, uint64_t{1} << 31}), {"dims", "bytes are beyond"});
  refused(add(0, {1 << 16, 1 << 16, 1 << 16, 1 << 16}), {"dims"});
  refused(add(0, {1000}), {"tensor bad.weight: offset", "4000 bytes pass the end"});
  refused(add(0, {16}, ~uint64_t{0}), {"tensor bad.weight: offset", "18446744073709551615"});
  refused(add(0, {16}, ~uint64_t{31}), {"tensor bad.weight: offset 18446744073709551584"});
  refused(add(0, {16}, huge), {"offset 1152921504606846976", "pass the end"});
  refused(add(0, {16}, 40), {"offset: expected a multiple of 32, found 40"});
  refused(add(0, {16}, 64), {"overlaps", "token_embd.weight", "bad.weight"});
  refused(add(0, {16}, 0), {"overlaps"});
  refused(add(0, {1, 1, 1, 1, 1}), {"n_dims: expected 1 to 4, found 5"});
  refused(add(0, {}), {"n_dims", "found 0"});
  refused([](B& b) { b.tensors[1].n_dims = 0xffffffff; }, {"tensor blk.0.attn_q.weight: n_dims", "4294967295"});
  refused([](B& b) { b.tensors[1].name = "token_embd.weight"; }, {"tensor token_embd.weight", "twice"});
  refused([](B& b) { b.tensors[1].name = "\xed\xa0\x80"; }, {"tensor number 1: name: expected UTF-8"});
  refused([](B& b) { b.tensors[1].name = ""; }, {"tensor number 1: name"});
}

CHECK_CASE("gguf/a message stays one line of bounded length, whatever the names") {
  refused([](B& b) { b.value("a\nb\x1b[31m", B::boolean, uint8_t{9}); }, {"metadata a\\x0ab\\x1b[31m: "});
  B b;
  b.value(std::string(60000, 'k'), B::boolean, uint8_t{9});
  try {
    gguf::File::view(b.bytes());
    CHECK(false);
  } catch (const Error& e) {
    CHECK(std::string(e.what()).size() < 300);
  }
}

CHECK_CASE("gguf/bytes at an odd address are refused") {
  Bytes bytes = small_gguf().bytes();
  bytes.insert(bytes.begin(), 0);
  CHECK_THROWS(gguf::File::view(std::span(bytes).subspan(1)), Code::argument);
}

}  // namespace
