// The safetensors of a Hugging Face folder: model.safetensors, or the shards that model.safetensors.index.json names, mapped.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/index.h"
#include "gguf/mapping.h"
#include "safetensors/reader.h"

namespace lt::safetensors {

struct Shard {
  std::string name;  // in the folder
  std::unique_ptr<gguf::Mapping> mapping;
  Contents contents;
};

class Folder {
 public:
  // Throws Code::file where there are none, Code::format for files that break the format or do not belong together,
  // Code::unsupported for folders of another format; messages name the file.
  explicit Folder(const std::string& path, const gguf::Access& access = {});

  std::span<const Shard> shards() const { return shards_; }
  const std::vector<const Tensor*>& tensors() const { return tensors_; }  // shard by shard, in the order of their data
  const Tensor* find(std::string_view name) const;

 private:
  std::vector<Shard> shards_;
  std::vector<const Tensor*> tensors_;
  std::unique_ptr<gguf::Index> index_;
};

// A file of a folder, its bytes in memory as long as it lives; null where there is none. At most `limit` bytes are accepted.
class Text {
 public:
  static std::unique_ptr<Text> open(const std::string& folder, const std::string& name, uint64_t limit);
  std::string_view text() const { return {reinterpret_cast<const char*>(mapping_.bytes().data()), mapping_.bytes().size()}; }

 private:
  explicit Text(const std::string& path) : mapping_(path) {}
  gguf::Mapping mapping_;
};

std::string in_folder(const std::string& folder, const std::string& name);

// What `work` throws, with `name` in front; running out of memory is an Error too.
template <class Work>
auto naming(const std::string& name, Work work) {
  try {
    return work();
  } catch (const Error& e) {
    throw Error(e.code(), name + ": " + e.what());
  } catch (const std::bad_alloc&) {
    throw Error(Code::memory, name + ": not enough memory to read it");
  }
}

}  // namespace lt::safetensors
