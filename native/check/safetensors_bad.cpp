// Damaged safetensors and JSON: each is an error of the right code that says what is wrong; none takes long or much memory.
#include <cstring>
#include <random>

#include "check/check.h"
#include "check/temporary.h"
#include "json/json.h"
#include "safetensors/folder.h"
#include "safetensors/reader.h"

namespace lt::check {
namespace {

std::string file(const std::string& header, size_t data, std::optional<uint64_t> length = {}) {
  const uint64_t n = length.value_or(header.size());
  std::string out(reinterpret_cast<const char*>(&n), sizeof n);
  return out + header + std::string(data, 'x');
}

safetensors::Contents read(const std::string& bytes) {
  return safetensors::read({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

void refused(const std::string& bytes, const char* word) {
  try {
    read(bytes);
  } catch (const Error& e) {
    CHECK_THAT(e.code() == Code::format && std::string(e.what()).find(word) != std::string::npos,
               code_name(e.code()) << ": " << e.what() << ", expected FORMAT with " << word);
    return;
  }
  fail(__FILE__, __LINE__, std::string("read, though wrong: ") + word);
}

std::string tensor(const char* name, const char* dtype, const char* shape, const char* offsets) {
  return std::string("\"") + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

CHECK_CASE("safetensors/a right file reads") {
  const std::string bytes = file(
      "{\"__metadata__\":{\"format\":\"pt\"}," + tensor("b", "BF16", "[2,3]", "[8,20]") + "," + tensor("a", "F32", "[2]", "[0,8]") + "}   ",
      20);
  const safetensors::Contents c = read(bytes);
  CHECK(c.tensors.size() == 2 && c.tensors[0].name == "a" && c.tensors[1].values() == 6 && c.tensors[1].shape[1] == 3);
}

CHECK_CASE("safetensors/damaged files are refused by what is wrong") {
  refused("", "0 bytes");
  refused("1234567", "7 bytes");
  refused(file("{}", 0, 100), "more than");
  refused(file("{}", 0, UINT64_MAX), "at most 100000000");
  refused(file("{}", 0, 100'000'001), "at most 100000000");
  refused(file("[]", 0), "\"{\" first");
  refused(file("{", 0), "a key in quotes");
  refused(file("{}x", 0), "the end");
  refused(file("{}", 4), "expected 0 bytes of data");
  refused(file("{" + tensor("a", "F32", "[2]", "[0,8]") + "}", 4), "not within");
  refused(file("{" + tensor("a", "F32", "[2]", "[8,0]") + "}", 8), "not within");
  refused(file("{" + tensor("a", "F32", "[2]", "[0,9223372036854775807]") + "}", 8), "not within");
  refused(file("{" + tensor("a", "F32", "[2]", "[-1,7]") + "}", 8), "at least 0");
  refused(file("{" + tensor("a", "F32", "[3]", "[0,8]") + "}", 8), "expected 12 bytes");
  refused(file("{" + tensor("a", "F32", "[4294967296,4294967296,4294967296]", "[0,8]") + "}", 8), "beyond 2^63");
  refused(file("{" + tensor("a", "F32", "[-2]", "[0,8]") + "}", 8), "at least 0");
  refused(file("{" + tensor("a", "F32", "[2.5]", "[0,8]") + "}", 8), "at least 0");
  refused(file("{" + tensor("a", "F99", "[2]", "[0,8]") + "}", 8), "no known type");
  refused(file("{" + tensor("a", "F32", "2", "[0,8]") + "}", 8), "a list");
  refused(file("{" + tensor("a", "F32", "[2]", "[0]") + "}", 8), "two offsets");
  refused(file("{\"a\":3}", 0), "an object");
  refused(file("{\"__metadata__\":{\"a\":1}}", 0), "strings alone");
  refused(file("{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("a", "F32", "[2]", "[8,16]") + "}", 16), "there twice");
  refused(file("{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F32", "[2]", "[4,12]") + "}", 12), "overlap");
  refused(file("{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F32", "[1]", "[12,16]") + "}", 16), "nothing is in");
}

CHECK_CASE("safetensors/a header of 100 MB is read or refused in bounded memory") {
  refused(file("{" + std::string(99'999'990, ' ') + "]", 0), "a key");
  std::string many = "{\"__metadata__\":{";
  for (int i = 0; many.size() < 95'000'000; i++) many += "\"" + std::to_string(i) + "\":\"\",";
  refused(file(many + "\"x\":\"\"}}", 0), "at most 8388608 values");
  refused(file("{\"a\":" + std::string(1'000'000, '[') + "}", 0), "nesting");
}

CHECK_CASE("safetensors/JSON is strict") {
  const auto bad = [](std::string_view text) { CHECK_THROWS(json::Document(text), Code::format); };
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "01",
                           "1.",
                           ".5",
                           "1e",
                           "+1",
                           "-",
                           "tru",
                           "\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\"",
                           "\"\n\"",
                           "1 2",
                           "\"\xff\"",
                           "{\"a\":1,\"a\":2}",
                           "'a'"})
    bad(text);
  bad(std::string_view("\"\0\"", 3));
  const json::Document d(
      R"({"s":"a\u00e9\ud83d\ude00\"\\\n","n":-12.5e2,"i":9007199254740993,"f":3.0,"t":true,"z":null,"l":[1,[],{}],"nan":NaN,"inf":-Infinity})");
  const json::Value v = d.root();
  CHECK(v["s"].string() == "a\xc3\xa9\xf0\x9f\x98\x80\"\\\n" && v["n"].number() == -1250 && v["i"].integer() == 9007199254740993);
  CHECK(v["f"].integer() == 3 && !v["n"].boolean() && v["t"].boolean() == true && !v["z"] && v["l"].size() == 3 && v.size() == 9);
  CHECK(!v["absent"]["deeper"] && v["inf"].number() < 0 && v["n"].integer() == -1250);
  size_t elements = 0;
  for (const json::Member m : v["l"]) elements += m.value.size() + 1;
  CHECK(elements == 3);
}

CHECK_CASE("safetensors/any damage to a right file reads or is refused") {
  const std::string right = file(
      "{\"__metadata__\":{\"format\":\"pt\"}," + tensor("b", "BF16", "[2,3]", "[8,20]") + "," + tensor("a", "F32", "[2]", "[0,8]") + "}",
      20);
  std::mt19937 random(1);
  for (int i = 0; i < 20000; i++) {
    std::string bytes = right;
    for (int changes = 1 + i % 3; changes > 0; changes--) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (i % 5 == 0) bytes.resize(random() % bytes.size());
    try {
      for (const safetensors::Tensor& t : read(bytes).tensors)
        CHECK(t.bytes.data() + t.bytes.size() <= reinterpret_cast<const uint8_t*>(bytes.data() + bytes.size()));
    } catch (const Error& e) {
      CHECK_THAT(e.code() == Code::format, e.what());
    }
  }
}

void refused(const Temporary& folder, Code code, const char* word) {
  try {
    const safetensors::Folder opened(folder.path());
  } catch (const Error& e) {
    CHECK_THAT(e.code() == code && std::string(e.what()).find(word) != std::string::npos, code_name(e.code()) << ": " << e.what());
    return;
  }
  fail(__FILE__, __LINE__, std::string("opened, though wrong: ") + word);
}

constexpr const char* index_name = "model.safetensors.index.json";

CHECK_CASE("safetensors/an index names files of the folder, and what is in them") {
  const Temporary folder;
  refused(folder, Code::file, "found neither");
  folder.write("one.safetensors", file("{" + tensor("a", "F32", "[2]", "[0,8]") + "}", 8));
  folder.write("two.safetensors", file("{" + tensor("b", "F32", "[2]", "[0,8]") + "}", 8));
  const auto index = [&](const std::string& map) { folder.write(index_name, "{\"weight_map\":" + map + "}"); };
  index(R"({"a":"one.safetensors","b":"two.safetensors"})");
  CHECK(safetensors::Folder(folder.path()).tensors().size() == 2);
  for (const char* name : {"../one.safetensors", "/etc/passwd", index_name, "..", "", "sub/one.safetensors", "sub\\\\one.safetensors",
                           ".hidden.safetensors", "c:one.safetensors"}) {
    index("{\"a\":\"" + std::string(name) + "\"}");
    refused(folder, Code::format, "the name of a .safetensors file");
  }
  index(R"({"a":"three.safetensors"})");
  refused(folder, Code::file, "three.safetensors");
  index(R"({"a":"one.safetensors","b":"one.safetensors"})");
  refused(folder, Code::format, "expected tensor b");
  index(R"({"a":"one.safetensors"})");
  CHECK(safetensors::Folder(folder.path()).tensors().size() == 1);
  index(R"({"a":"one.safetensors","c":"two.safetensors"})");
  refused(folder, Code::format, "does not name it");
  index(R"({"a":"two.safetensors","b":"one.safetensors"})");
  refused(folder, Code::format, "has it in");
  index("{}");
  refused(folder, Code::format, "expected an object");
  folder.write(index_name, "{\"weight_map\":");
  refused(folder, Code::format, index_name);
}

#ifndef _WIN32
CHECK_CASE("safetensors/links in a circle and folders in place of files are refused") {
  const Temporary folder;
  std::filesystem::create_symlink("model.safetensors", folder.at("model.safetensors"));
  refused(folder, Code::file, "neither");
  folder.write(index_name, R"({"weight_map":{"a":"model.safetensors"}})");
  refused(folder, Code::file, "model.safetensors");
  std::filesystem::remove(folder.at("model.safetensors"));
  std::filesystem::create_directory(folder.at("model.safetensors"));
  refused(folder, Code::file, "model.safetensors");
}
#endif

}  // namespace
}  // namespace lt::check
