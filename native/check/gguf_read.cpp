// What a good file gives: every kind of metadata, typed, and tensors where their bytes are.
#include <cmath>
#include <cstring>

#include "check/check.h"
#include "check/gguf_builder.h"
#include "gguf/file.h"

namespace {

using namespace lt;
using namespace lt::check;
using gguf::File;

template <class T>
const T& list(const File& f, const char* key) {
  const gguf::Array* a = f.array(key);
  CHECK_THAT(a && std::holds_alternative<T>(*a), key);
  return std::get<T>(*a);
}

CHECK_CASE("gguf/metadata of every type is read") {
  const Bytes bytes = small_gguf().bytes();
  const auto f = File::view(bytes);
  CHECK(f->version() == 3 && f->parts() == 1 && f->bytes() == bytes.size() && f->metadata().size() == 27);
  CHECK(f->metadata()[0].first == "general.architecture" && f->string("general.architecture") == "llama");
  CHECK(f->u64("a.u8") == 200u && f->u64("a.u16") == 65535u && f->u64("a.u32") == 4000000000u && f->u64("a.u64") == uint64_t{1} << 63);
  CHECK(f->f64("a.i8") == -100 && f->f64("a.i16") == -300 && f->f64("a.i32") == -70000 && f->f64("a.i64") == -5);
  CHECK(f->f64("a.f32") == double{0.1f} && f->f64("a.f64") == 0.1 && f->f64("a.u8") == 200);
  CHECK(f->boolean("a.yes") == true && f->boolean("a.no") == false && f->string("a.empty") == "");
  CHECK(list<std::span<const uint8_t>>(*f, "l.u8")[1] == 255 && list<std::span<const uint8_t>>(*f, "l.bool")[2] == 1);
  using Ints = std::vector<int64_t>;
  using Uints = std::vector<uint64_t>;
  CHECK((list<Ints>(*f, "l.i8") == Ints{-1, 1} && list<Ints>(*f, "l.i16") == Ints{-1} && list<Ints>(*f, "l.i32") == Ints{-7}));
  CHECK((list<Ints>(*f, "l.i64") == Ints{-9} && list<Uints>(*f, "l.u16") == Uints{1, 65535} && list<Ints>(*f, "l.none").empty()));
  CHECK((list<Uints>(*f, "l.u32") == Uints{7, 8, 9} && list<Uints>(*f, "l.u64") == Uints{~uint64_t{0}}));
  CHECK((list<std::vector<double>>(*f, "l.f32") == std::vector<double>{0.5, -2} && list<std::vector<double>>(*f, "l.f64")[0] == 1e300));
  const auto& strings = list<std::vector<std::string_view>>(*f, "l.string");
  CHECK(strings.size() == 3 && strings[0].empty() && strings[1] == "one" && strings[2] == "caf\xc3\xa9");
}

CHECK_CASE("gguf/an absent key is nothing, one of another type is an error that names it") {
  const Bytes bytes = small_gguf().bytes();
  const auto f = File::view(bytes);
  CHECK(!f->u64("x") && !f->f64("x") && !f->boolean("x") && !f->string("x") && !f->array("x") && !f->find("x") && !f->tensor("x"));
  CHECK_THROWS(f->u64("a.i8"), Code::format);
  CHECK_THROWS(f->u64("a.f32"), Code::format);
  CHECK_THROWS(f->u64("a.yes"), Code::format);
  CHECK_THROWS(f->f64("a.empty"), Code::format);
  CHECK_THROWS(f->boolean("a.u8"), Code::format);
  CHECK_THROWS(f->string("l.u8"), Code::format);
  CHECK_THROWS(f->array("a.u8"), Code::format);
  try {
    f->u64("a.i8");
  } catch (const Error& e) {
    CHECK(std::string(e.what()) == "metadata a.i8: expected an integer, 0 or more, found -100");
  }
}

CHECK_CASE("gguf/tensors have their dimensions, type and bytes") {
  const GgufBuilder b = small_gguf();
  const Bytes bytes = b.bytes();
  const auto f = File::view(bytes);
  CHECK(f->tensors().size() == 4 && f->tensor_bytes() == 96 + 272 + 144 + 10);
  for (size_t i = 0; i < b.tensors.size(); i++) {
    const gguf::HostTensor& t = f->tensors()[i];
    CHECK(t.name == b.tensors[i].name && f->tensor(t.name) == &t && t.bytes == b.tensors[i].data.size());
    CHECK(std::memcmp(t.data, b.tensors[i].data.data(), t.bytes) == 0 && reinterpret_cast<uintptr_t>(t.data) % 8 == 0);
  }
  const gguf::HostTensor& q = *f->tensor("blk.0.attn_q.weight");
  CHECK(q.n_dims == 3 && q.cols() == 64 && q.rows() == 4 && q.dims[3] == 1 && static_cast<int>(q.type) == 8);
}

CHECK_CASE("gguf/version 2, another alignment and a tail after the data are accepted") {
  GgufBuilder b = small_gguf();
  b.version = 2;
  b.alignment = 128;
  b.value("general.alignment", GgufBuilder::u32, uint32_t{128});
  Bytes bytes = b.bytes();
  bytes.resize(bytes.size() + 100);
  const auto f = File::view(bytes);
  CHECK(f->version() == 2);
  for (size_t i = 0; i < b.tensors.size(); i++) {
    CHECK((static_cast<const uint8_t*>(f->tensors()[i].data) - bytes.data()) % 128 == 0);
    CHECK(std::memcmp(f->tensors()[i].data, b.tensors[i].data.data(), b.tensors[i].data.size()) == 0);
  }
}

CHECK_CASE("gguf/a vocabulary is read from a file whose tensors are not there") {
  const GgufBuilder b = small_gguf();
  Bytes bytes = b.header();
  for (const size_t cut : {size_t{0}, size_t{20}, size_t{100}}) {
    bytes.resize(bytes.size() - cut);
    const auto f = File::view(bytes, {.vocabulary_only = true});
    CHECK(f->string("general.architecture") == "llama" && f->tensors().empty() && f->tensor_bytes() == 0);
    CHECK_THROWS(File::view(bytes), Code::format);
  }
}

CHECK_CASE("gguf/the shared models and vocabularies open") {
  for (const char* name :
       {"models/story-Q8_0.gguf", "models/story-F32.gguf", "golden/hf/llama/model-bf16.gguf", "golden/hf/qwen3/model-bf16.gguf"}) {
    const auto f = File::open(shared(name));
    CHECK_THAT(f->string("general.architecture") && f->tensor("token_embd.weight") && f->tensor_bytes() > 0, name);
    double last = 0;
    f->prefetch([&](double fraction) {
      CHECK(fraction > last);
      last = fraction;
      return false;
    });
    CHECK_THAT(last == 1, name << " read ahead up to " << last);
  }
  for (const char* name : {"gpt-2", "llama-bpe", "llama-spm", "qwen2"}) {
    const auto f = File::open(shared(std::string("vectors/tokenizer/") + name + ".gguf"), {.vocabulary_only = true});
    CHECK_THAT((list<std::vector<std::string_view>>(*f, "tokenizer.ggml.tokens").size() > 30000), name);
  }
}

}  // namespace
