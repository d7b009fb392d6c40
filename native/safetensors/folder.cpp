#include "safetensors/folder.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/error.h"
#include "gguf/text.h"

namespace lt::safetensors {
namespace {

constexpr uint64_t longest_index = 100'000'000;
constexpr size_t most_shards = 4096;
constexpr const char* whole = "model.safetensors";
constexpr const char* index_name = "model.safetensors.index.json";

std::filesystem::path native_path(const std::string& path) { return std::u8string(path.begin(), path.end()); }

bool there(const std::string& folder, const std::string& name) {
  std::error_code ignored;
  return std::filesystem::exists(native_path(in_folder(folder, name)), ignored);
}

// A file in the folder itself, which no index can be: neither a way out of the folder nor one back to where it came from.
void check_plain(std::string_view name) {
  const bool plain = name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos && !name.starts_with('.');
  if (plain && name.size() <= 255 && name.ends_with(".safetensors")) return;
  throw Error(Code::format, "weight_map: expected the name of a .safetensors file in the folder, found \"" + gguf::shown(name) + "\"");
}

// Tensor -> shard.
using WeightMap = std::map<std::string, std::string, std::less<>>;

WeightMap read_index(const std::string& folder) {
  return naming(index_name, [&] {
    const auto file = Text::open(folder, index_name, longest_index);
    const json::Document document(file->text());
    const json::Value map = document.root()["weight_map"];
    if (!map.is(json::Kind::object) || map.size() == 0)
      throw Error(Code::format, "weight_map: expected an object of tensors and their files");
    WeightMap out;
    for (const json::Member m : map) {
      const auto name = m.value.string();
      if (!name) throw Error(Code::format, "weight_map: tensor " + gguf::shown(m.key) + ": expected the name of a file");
      check_plain(*name);
      out.emplace(m.key, *name);
    }
    return out;
  });
}

Shard open_shard(const std::string& folder, const std::string& name, const gguf::Access& access) {
  return naming(name, [&] {
    Shard shard;
    shard.name = name;
    shard.mapping = std::make_unique<gguf::Mapping>(in_folder(folder, name), access);
    shard.contents = read(shard.mapping->bytes());
    return shard;
  });
}

[[noreturn]] void none(const std::string& folder) {
  for (const char* other : {"pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.safetensors", "tf_model.h5"})
    if (there(folder, other))
      throw Error(Code::unsupported, std::string("expected ") + whole + ", found " + other + ", a format that is not read");
  throw Error(Code::file, std::string("expected ") + whole + " or " + index_name + ", found neither");
}

std::vector<std::string> names_of(const WeightMap& map) {
  std::vector<std::string> names;
  for (const auto& [tensor, shard] : map) names.push_back(shard);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > most_shards)
    throw Error(Code::format, std::string(index_name) + ": more than " + std::to_string(most_shards) + " files");
  return names;
}

// What the index says of a shard is what is in it.
void check_shard(const Shard& shard, const WeightMap& map) {
  for (const Tensor& t : shard.contents.tensors) {
    const auto at = map.find(t.name);
    if (at == map.end() || at->second != shard.name)
      throw Error(Code::format, shard.name + ": tensor " + gguf::shown(t.name) + " is in it, but " + index_name +
                                    (at == map.end() ? " does not name it" : " has it in " + at->second));
  }
}

}  // namespace

std::string in_folder(const std::string& folder, const std::string& name) {
  const std::u8string joined = (native_path(folder) / native_path(name)).u8string();
  return {joined.begin(), joined.end()};
}

std::unique_ptr<Text> Text::open(const std::string& folder, const std::string& name, uint64_t limit) {
  if (!there(folder, name)) return nullptr;
  std::unique_ptr<Text> file(new Text(in_folder(folder, name)));
  if (file->text().size() > limit)
    throw Error(Code::format, "expected at most " + std::to_string(limit) + " bytes, found " + std::to_string(file->text().size()));
  return file;
}

Folder::Folder(const std::string& path, const gguf::Access& access) {
  WeightMap map;
  if (there(path, index_name)) {
    map = read_index(path);
    const std::vector<std::string> files = names_of(map);
    uint64_t taken = 0;
    for (const std::string& name : files) {
      shards_.push_back(open_shard(path, name, gguf::of_part(access, shards_.size(), files.size(), taken)));
      taken += shards_.back().mapping->bytes().size();
      check_shard(shards_.back(), map);
    }
  } else if (there(path, whole)) {
    shards_.push_back(open_shard(path, whole, access));
  } else {
    none(path);
  }
  std::vector<std::string_view> names;
  for (const Shard& s : shards_)
    for (const Tensor& t : s.contents.tensors) tensors_.push_back(&t), names.push_back(t.name);
  index_ = std::make_unique<gguf::Index>("tensor", std::move(names));
  for (const auto& [tensor, shard] : map)
    if (!find(tensor))
      throw Error(Code::format, shard + ": expected tensor " + gguf::shown(tensor) + ", which " + index_name + " has in it");
}

const Tensor* Folder::find(std::string_view name) const {
  const size_t i = index_->find(name);
  return i == gguf::Index::none ? nullptr : tensors_[i];
}

}  // namespace lt::safetensors
