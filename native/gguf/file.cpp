#include "gguf/file.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "gguf/index.h"
#include "gguf/mapping.h"
#include "gguf/reader.h"
#include "gguf/split.h"

namespace lt::gguf {
namespace {

// One file of a model.
struct ModelFile {
  std::string path;
  std::unique_ptr<Mapping> mapping;  // null: bytes that the caller keeps
  std::span<const uint8_t> bytes;
  Contents contents;
};

// What `work` throws, with the file's name in front; running out of memory is an Error too.
template <class Work>
auto naming(const std::string& path, Work work) {
  const std::string prefix = path.empty() ? "" : path.substr(0, path.find('\0')) + ": ";
  try {
    return work();
  } catch (const Error& e) {
    throw Error(e.code(), prefix + e.what());
  } catch (const std::bad_alloc&) {
    throw Error(Code::memory, prefix + "not enough memory to read its metadata");
  }
}

class Model final : public File {
 public:
  Model(std::string path, std::vector<ModelFile> parts, bool mapped)
      : path_(std::move(path)),
        mapped_(mapped),
        parts_(std::move(parts)),
        tensors_(all_tensors(parts_)),
        keys_("metadata", names(parts_[0].contents.metadata, [](const Entry& e) { return e.first; })),
        tensor_names_("tensor", names(tensors_, [](const HostTensor& t) { return t.name; })) {}

  const std::string& path() const override { return path_; }
  std::vector<std::string> paths() const override {
    std::vector<std::string> all;
    for (const ModelFile& p : parts_) all.push_back(p.path);
    return all;
  }
  uint32_t version() const override { return parts_[0].contents.version; }
  uint64_t bytes() const override {
    return total([](const ModelFile& p) { return p.bytes.size(); });
  }
  uint64_t tensor_bytes() const override {
    return total([](const ModelFile& p) { return p.contents.tensor_bytes; });
  }
  int parts() const override { return static_cast<int>(parts_.size()); }
  bool mapped() const override { return mapped_; }
  std::span<const Entry> metadata() const override { return parts_[0].contents.metadata; }
  std::span<const std::span<const uint8_t>> raw_values() const override { return parts_[0].contents.raw_values; }
  std::span<const HostTensor> tensors() const override { return tensors_; }

  std::vector<size_t> tensors_of_parts() const override {
    std::vector<size_t> counts;
    for (const ModelFile& p : parts_) counts.push_back(p.contents.tensors.size());
    return counts;
  }

  const Value* find(std::string_view key) const override {
    const size_t i = keys_.find(key);
    return i == Index::none ? nullptr : &parts_[0].contents.metadata[i].second;
  }

  const HostTensor* tensor(std::string_view name) const override {
    const size_t i = tensor_names_.find(name);
    return i == Index::none ? nullptr : &tensors_[i];
  }

  // From the file, not from the mapping, so that one that is cut meanwhile is an error.
  void read(const HostTensor& tensor, uint64_t first, std::span<uint8_t> to) const override {
    const Bytes bytes{static_cast<const char*>(tensor.data) + first, to.size()};
    const ModelFile* p = part_of(bytes);
    if (!p) return File::read(tensor, first, to);
    naming(p->path, [&] { p->mapping->read(static_cast<uint64_t>(bytes.data() - chars(*p)), to); });
  }

  void prefetch(const std::function<bool(double)>& stop) const override {
    std::vector<Bytes> all;
    for (const ModelFile& p : parts_) {
      const uint64_t end = std::min<uint64_t>(p.contents.data_end, p.bytes.size());
      if (p.contents.data_begin < end) all.push_back({chars(p) + p.contents.data_begin, static_cast<size_t>(end - p.contents.data_begin)});
    }
    prefetch(all, stop);
  }

  void prefetch(std::span<const Bytes> wanted, const std::function<bool(double)>& stop) const override {
    constexpr uint64_t chunk = 16 << 20;
    uint64_t all = 0, done = 0;
    for (const Bytes& b : wanted) all += b.size();
    for (const Bytes& b : wanted) {
      const ModelFile* p = part_of(b);
      for (uint64_t at = 0; p && at < b.size(); at += chunk) {
        const uint64_t count = std::min<uint64_t>(chunk, b.size() - at);
        naming(p->path, [&] { p->mapping->prefetch(static_cast<uint64_t>(b.data() - chars(*p)) + at, count); });
        done += count;
        if (stop && stop(static_cast<double>(done) / static_cast<double>(all))) return;
      }
    }
  }

  void let_go(Bytes bytes) const override {
    if (const ModelFile* p = part_of(bytes)) p->mapping->let_go(static_cast<uint64_t>(bytes.data() - chars(*p)), bytes.size());
  }

  uint64_t settle(const std::function<bool()>& stop) const override {
    uint64_t moved = 0;
    for (const ModelFile& p : parts_) {
      const uint64_t begin = p.contents.data_begin, end = std::min<uint64_t>(p.contents.data_end, p.bytes.size());
      if (p.mapping && begin < end) naming(p.path, [&] { moved += p.mapping->settle(begin, end - begin, stop); });
    }
    return moved;
  }

 private:
  static const char* chars(const ModelFile& p) { return reinterpret_cast<const char*>(p.bytes.data()); }

  // The mapped file in which these bytes lie; null where they are not of one.
  const ModelFile* part_of(Bytes b) const {
    for (const ModelFile& p : parts_)
      if (p.mapping && b.data() >= chars(p) && b.data() + b.size() <= chars(p) + p.bytes.size()) return &p;
    return nullptr;
  }

  template <class Of>
  uint64_t total(Of of) const {
    uint64_t sum = 0;
    for (const ModelFile& p : parts_) sum += of(p);
    return sum;
  }

  template <class Things, class Name>
  static std::vector<std::string_view> names(const Things& things, Name name) {
    std::vector<std::string_view> all;
    for (const auto& thing : things) all.push_back(name(thing));
    return all;
  }

  static std::vector<HostTensor> all_tensors(const std::vector<ModelFile>& parts) {
    std::vector<HostTensor> all;
    for (const ModelFile& p : parts) all.insert(all.end(), p.contents.tensors.begin(), p.contents.tensors.end());
    return all;
  }

  std::string path_;
  bool mapped_;
  std::vector<ModelFile> parts_;
  std::vector<HostTensor> tensors_;
  Index keys_, tensor_names_;
};

ModelFile open_part(const std::string& path, const OpenOptions& options, const Access& access) {
  ModelFile part;
  part.path = path;
  part.mapping = std::make_unique<Mapping>(path, access);
  part.bytes = part.mapping->bytes();
  part.contents = read(part.bytes, options);
  return part;
}

uint64_t parts_named_in(const std::string& first) {
  const Mapping mapping(first);
  return split_of(read(mapping.bytes(), {.vocabulary_only = true}).metadata).count;
}

std::vector<ModelFile> open_parts(const std::string& path, const OpenOptions& options) {
  std::vector<ModelFile> parts;
  SplitKeys split;
  uint64_t taken = 0;
  const auto next = [&](const std::string& name, uint64_t count) {
    parts.push_back(open_part(name, options, of_part(options.access, parts.size(), count, taken)));
    taken += parts.back().bytes.size();
  };
  naming(path, [&] {
    next(path, options.access.mapped ? 1 : parts_named_in(path));
    split = split_of(parts[0].contents.metadata);
    check_first(path, split);
  });
  if (options.vocabulary_only) return parts;  // the first part has the metadata
  for (uint64_t no = 1; no < split.count; no++) {
    const std::string name = naming(path, [&] { return part_path(path, no, split.count); });
    naming(name, [&] {
      next(name, split.count);
      check_part(split, split_of(parts.back().contents.metadata), no);
    });
  }
  return parts;
}

// Of a whole model: names are unique over all parts, and none is missing.
std::shared_ptr<const File> assembled(const std::string& path, std::vector<ModelFile> parts, const OpenOptions& options) {
  return naming(path, [&] {
    const SplitKeys split = split_of(parts[0].contents.metadata);
    auto model = std::make_shared<const Model>(path, std::move(parts), options.access.mapped);
    if (split.tensors && *split.tensors != model->tensors().size() && !options.vocabulary_only) {
      Owner{"metadata", "split.tensors.count"}.fail("expected " + std::to_string(*split.tensors) + " tensors in all parts, found " +
                                                    std::to_string(model->tensors().size()));
    }
    return model;
  });
}

}  // namespace

void File::read(const HostTensor& tensor, uint64_t first, std::span<uint8_t> to) const {
  if (!to.empty()) std::memcpy(to.data(), static_cast<const uint8_t*>(tensor.data) + first, to.size());
}

uint64_t File::settle(const std::function<bool()>&) const { return 0; }

std::shared_ptr<const File> File::open(const std::string& path, const OpenOptions& options) {
  return assembled(path, open_parts(path, options), options);
}

std::shared_ptr<const File> File::view(std::span<const uint8_t> bytes, const OpenOptions& options) {
  if (reinterpret_cast<uintptr_t>(bytes.data()) % 8) throw Error(Code::argument, "bytes: expected an address that is a multiple of 8");
  std::vector<ModelFile> parts(1);
  parts[0].bytes = bytes;
  naming("", [&] {
    parts[0].contents = gguf::read(bytes, options);
    const SplitKeys split = split_of(parts[0].contents.metadata);
    if (split.count > 1) throw Error(Code::unsupported, "split.count: a model in several files cannot be read from memory");
  });
  return assembled("", std::move(parts), options);
}

}  // namespace lt::gguf
