#include "convert/folder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <new>

#include "convert/header.h"
#include "convert/plan.h"
#include "convert/vocabulary.h"
#include "core/cores.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/text.h"
#include "gguf/file_type.h"
#include "gguf/index.h"
#include "gguf/reader.h"
#include "quant/mxfp4.h"
#include "quant/type.h"

namespace lt::convert {
namespace {

constexpr uint64_t largest_config = 16'000'000;

std::filesystem::path native_path(const std::string& path) { return std::u8string(path.begin(), path.end()); }

struct FolderContents {
  std::string path;
  std::unique_ptr<safetensors::Folder> folder;                // null: the vocabulary alone
  std::vector<std::unique_ptr<safetensors::Folder>> modules;  // of dense layers behind the model
  std::vector<uint8_t> header;                                // of a GGUF file without tensors: what the metadata point into
  std::vector<Made> made;
};

// As gguf's writer of names: 1.1B, 135M, 96K, of experts their number and the size of one with what all share.
std::string size_label(const std::vector<Made>& made) {
  double shared = 0, expert = 0;
  int64_t experts = 0;
  for (const Made& m : made) {
    const int64_t values = m.rows() * m.cols();
    if (m.dims.size() > 2 && m.name.find("_exps.") != std::string::npos) {  // their biases count as shared
      experts = std::max(experts, m.dims.back());
      expert += static_cast<double>(values / m.dims.back());
    } else {
      shared += static_cast<double>(values);
    }
  }
  static constexpr std::pair<double, char> units[] = {{1e12, 'T'}, {1e9, 'B'}, {1e6, 'M'}, {1e3, 'K'}};
  const double all = shared + expert;
  const auto* unit = std::find_if(std::begin(units), std::end(units) - 1, [&](const auto& u) { return all > u.first; });
  char text[64];
  const double scaled = all / unit->first;
  std::snprintf(text, sizeof text, scaled < 9.5 && scaled >= 0.5 ? "%.1f%c" : "%.0f%c", scaled, unit->second);
  return (experts > 0 ? std::to_string(experts) + "x" : "") + text;
}

// That most values of matrices are of.
Type main_type(const std::vector<Made>& made) {
  std::map<Type, int64_t> values = {{Type::bf16, 0}};
  for (const Made& m : made)
    if (m.dims.size() > 1) values[m.type] += m.rows() * m.cols();
  return std::max_element(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first;
}

uint32_t file_type_of(Type type) {
  const std::string name = type == quant::MXFP4::id ? "MXFP4_MOE" : quant::info(type).name;
  for (const gguf::FileType& t : gguf::file_types())
    if (t.name == name) return t.id;
  return 0;
}

// The folder's name; in the Hub's cache, .../models--ORGANISATION--NAME/snapshots/REVISION, the model's.
std::string name_of(const std::string& path) {
  std::error_code ignored;
  std::filesystem::path folder = std::filesystem::weakly_canonical(native_path(path), ignored);
  if (folder.filename().empty()) folder = folder.parent_path();
  if (folder.parent_path().filename() == "snapshots") folder = folder.parent_path().parent_path();
  const std::u8string name = folder.filename().u8string();
  const std::string text(name.begin(), name.end());
  const size_t cut = text.starts_with("models--") ? text.rfind("--") : std::string::npos;
  const std::string shown = cut == std::string::npos ? text : text.substr(cut + 2);
  return valid_utf8(shown) ? shown : "model";
}

class FolderFile final : public gguf::File {
 public:
  FolderFile(FolderContents parts, const FolderOptions& options)
      : parts_(std::move(parts)),
        mapped_(options.access.mapped),
        contents_(gguf::read(parts_.header, {.vocabulary_only = true})),
        keys_("metadata", names(contents_.metadata, [](const gguf::Entry& e) { return e.first; })) {
    for (const Made& m : parts_.made) tensors_.push_back(placed(m, options.streamed));
    tensor_names_ = std::make_unique<gguf::Index>("tensor", names(tensors_, [](const gguf::HostTensor& t) { return t.name; }));
  }

  const std::string& path() const override { return parts_.path; }
  uint32_t version() const override { return contents_.version; }
  uint64_t bytes() const override {
    uint64_t sum = 0;
    for (const auto& s : shards()) sum += s.mapping->bytes().size();
    return sum;
  }
  uint64_t tensor_bytes() const override {
    uint64_t sum = 0;
    for (const gguf::HostTensor& t : tensors_) sum += t.bytes;
    return sum;
  }
  int parts() const override { return 1; }
  bool mapped() const override { return mapped_; }
  std::vector<std::string> paths() const override {
    std::vector<std::string> all;
    for (const safetensors::Shard& s : shards()) all.push_back(safetensors::in_folder(parts_.path, s.name));
    return all;
  }
  std::span<const gguf::Entry> metadata() const override { return contents_.metadata; }
  std::span<const std::span<const uint8_t>> raw_values() const override { return contents_.raw_values; }
  std::span<const gguf::HostTensor> tensors() const override { return tensors_; }

  const gguf::Value* find(std::string_view key) const override {
    const size_t i = keys_.find(key);
    return i == gguf::Index::none ? nullptr : &contents_.metadata[i].second;
  }
  const gguf::HostTensor* tensor(std::string_view name) const override {
    const size_t i = tensor_names_->find(name);
    return i == gguf::Index::none ? nullptr : &tensors_[i];
  }

  void read(const gguf::HostTensor& t, uint64_t first, std::span<uint8_t> to) const override {
    if (t.data) {
      // What is stored comes from the file, not from the mapping, so that one that is cut meanwhile is an error.
      const Bytes bytes{static_cast<const char*>(t.data) + first, to.size()};
      const safetensors::Shard* shard = shard_of(bytes);
      if (!shard) return gguf::File::read(t, first, to);
      return safetensors::naming(shard->name, [&] { shard->mapping->read(offset(*shard, bytes), to); });
    }
    const size_t i = tensor_names_->find(t.name);
    if (i == gguf::Index::none) throw Error(Code::internal, "tensor " + std::string(t.name) + ": not of this folder");
    const Made& m = parts_.made[i];
    read_rows(m, first, to);
    if (first + to.size() == t.bytes) let_go_of(m);  // read to its end
  }

  void prefetch(const std::function<bool(double)>& stop) const override {
    std::vector<Bytes> all;
    for (const gguf::HostTensor& t : tensors_)
      if (t.data) all.push_back({static_cast<const char*>(t.data), t.bytes});
    prefetch(all, stop);
  }

  // What was made is in memory.
  void prefetch(std::span<const Bytes> wanted, const std::function<bool(double)>& stop) const override {
    constexpr uint64_t chunk = 16 << 20;
    uint64_t all = 0, done = 0;
    for (const Bytes& b : wanted) all += b.size();
    for (const Bytes& b : wanted) {
      const safetensors::Shard* shard = shard_of(b);
      for (uint64_t at = 0; at < b.size(); at += chunk) {
        const uint64_t count = std::min<uint64_t>(chunk, b.size() - at);
        if (shard) safetensors::naming(shard->name, [&] { shard->mapping->prefetch(offset(*shard, b) + at, count); });
        done += count;
        if (stop && stop(static_cast<double>(done) / static_cast<double>(all))) return;
      }
    }
  }

  void let_go(Bytes bytes) const override {
    if (const safetensors::Shard* shard = shard_of(bytes)) shard->mapping->let_go(offset(*shard, bytes), bytes.size());
  }

  uint64_t settle(const std::function<bool()>& stop) const override {
    uint64_t moved = 0;
    for (const safetensors::Shard& s : shards())
      safetensors::naming(s.name, [&] { moved += s.mapping->settle(0, s.mapping->bytes().size(), stop); });
    return moved;
  }

 private:
  gguf::HostTensor placed(const Made& m, bool streamed) {
    gguf::HostTensor t{m.name, m.type, {1, 1, 1, 1}, static_cast<int>(m.dims.size()), m.as_stored(), static_cast<size_t>(m.bytes())};
    std::copy(m.dims.begin(), m.dims.end(), t.dims.begin());
    if (t.data || streamed) return t;
    owned_.push_back(std::make_unique<Block[]>((t.bytes + sizeof(Block) - 1) / sizeof(Block)));
    auto* to = reinterpret_cast<uint8_t*>(owned_.back().get());
    make_all(m, to);
    t.data = to;
    let_go_of(m);
    return t;
  }

  void let_go_of(const Made& m) const {
    for (const StoredMatrix& p : m.pieces) let_go({reinterpret_cast<const char*>(p.from->bytes.data()), p.from->bytes.size()});
  }

  // On all cores: bytes of FP8 decode slower than they are read.
  static void make_all(const Made& m, uint8_t* to) {
    const int64_t row_bytes = quant::row_bytes(m.type, m.cols()), rows = m.rows();
    const int64_t at_once = std::max<int64_t>(1, (1 << 18) / row_bytes);
    parallel(usable_cores(), (rows + at_once - 1) / at_once, [&](int64_t task) {
      const int64_t first = task * at_once;
      m.make(first, std::min(at_once, rows - first), to + first * row_bytes);
    });
  }

  // Whole rows are made, of the first and the last as much as is wanted.
  static void read_rows(const Made& m, uint64_t first, std::span<uint8_t> to) {
    const auto row_bytes = static_cast<uint64_t>(quant::row_bytes(m.type, m.cols()));
    std::vector<uint8_t> edge(static_cast<size_t>(row_bytes));
    while (!to.empty()) {
      const auto row = static_cast<int64_t>(first / row_bytes);
      const uint64_t skip = first % row_bytes, whole = to.size() / row_bytes;
      size_t some;
      if (skip == 0 && whole > 0) {
        some = static_cast<size_t>(whole * row_bytes);
        m.make(row, static_cast<int64_t>(whole), to.data());
      } else {
        some = static_cast<size_t>(std::min<uint64_t>(row_bytes - skip, to.size()));
        m.make(row, 1, edge.data());
        std::memcpy(to.data(), edge.data() + skip, some);
      }
      first += some;
      to = to.subspan(some);
    }
  }

  std::span<const safetensors::Shard> shards() const {
    return parts_.folder ? parts_.folder->shards() : std::span<const safetensors::Shard>();
  }
  static uint64_t offset(const safetensors::Shard& s, Bytes b) {
    return static_cast<uint64_t>(b.data() - reinterpret_cast<const char*>(s.mapping->bytes().data()));
  }
  const safetensors::Shard* shard_of(Bytes b) const {
    for (const safetensors::Shard& s : shards()) {
      const auto* begin = reinterpret_cast<const char*>(s.mapping->bytes().data());
      if (b.data() >= begin && b.data() + b.size() <= begin + s.mapping->bytes().size()) return &s;
    }
    return nullptr;
  }

  template <class Things, class Name>
  static std::vector<std::string_view> names(const Things& things, Name name) {
    std::vector<std::string_view> all;
    for (const auto& thing : things) all.push_back(name(thing));
    return all;
  }

  struct alignas(64) Block {
    uint8_t bytes[64];
  };

  FolderContents parts_;
  bool mapped_;
  gguf::Contents contents_;
  gguf::Index keys_;
  std::vector<std::unique_ptr<Block[]>> owned_;
  std::vector<gguf::HostTensor> tensors_;
  std::unique_ptr<gguf::Index> tensor_names_;
};

FolderOptions vocabulary(const gguf::OpenOptions& options) {
  FolderOptions out;
  out.vocabulary_only = options.vocabulary_only;
  out.access = options.access;
  return out;
}

// All of config.json, or the part of it that is about text.
Config settings_of(const Config& config, const Architecture& architecture) {
  const json::Value inner = architecture.inner.empty() ? json::Value() : config[architecture.inner];
  if (!inner) return {config.name(), config.root(), architecture.defaults};
  if (!inner.is(json::Kind::object)) config.fail(architecture.inner, "expected an object");
  return {config.name() + ": " + std::string(architecture.inner), inner, architecture.defaults};
}

std::shared_ptr<const gguf::File> opened(const std::string& path, const FolderOptions& options) {
  FolderContents parts;
  parts.path = path;
  const Config config(path, "config.json", largest_config);
  if (!config.found()) throw Error(Code::file, "expected config.json, found none: this is no model folder");
  const FolderOf folder{path, config};
  const Architecture& architecture = architecture_of(folder);
  std::vector<gguf::Field> fields = {gguf::field("general.architecture", architecture.name), gguf::field("general.type", "model"),
                                     gguf::field("general.name", options.name.empty() ? name_of(path) : options.name)};
  const Config settings = settings_of(config, architecture);
  const int64_t vocabulary = settings.integer("vocab_size", 1, 1 << 24);
  if (!options.vocabulary_only) {
    Description description(architecture.name);
    description.written = options.written;
    description.whole = config.root();
    architecture.describe(settings, description);
    if (options.written && !description.unwritable.empty()) throw Error(Code::unsupported, description.unwritable);
    description.tied = config.boolean("tie_word_embeddings", settings.boolean("tie_word_embeddings", architecture.tied));
    if (architecture.pools) describe_pooling(path, description);
    if (architecture.describe_folder) architecture.describe_folder(folder, description);
    parts.folder = std::make_unique<safetensors::Folder>(path, std::string(config.string("transformers_weights", "")), options.access);
    if (architecture.read) architecture.read(*parts.folder, description);
    parts.made = plan(*parts.folder, config, architecture, description, options.matrices);
    if (architecture.pools) {
      for (const DenseModule& m : dense_modules(path)) {
        safetensors::naming(m.path, [&] {
          parts.modules.push_back(std::make_unique<safetensors::Folder>(safetensors::in_folder(path, m.path), "", options.access));
          parts.made.push_back(dense_matrix(*parts.modules.back(), config, m.to, options.matrices));
        });
      }
    }
    fields.push_back(gguf::field("general.size_label", size_label(parts.made)));
    fields.insert(fields.end(), description.fields.begin(), description.fields.end());
    fields.push_back(gguf::field("general.file_type", file_type_of(options.matrices.value_or(main_type(parts.made)))));
    fields.push_back(gguf::field("general.quantization_version", uint32_t{2}));
  }
  describe_vocabulary(path, config, vocabulary, fields);
  parts.header = header_of(fields);
  return std::make_shared<const FolderFile>(std::move(parts), options);
}

}  // namespace

std::shared_ptr<const gguf::File> open_folder(const std::string& path, const FolderOptions& options) {
  return safetensors::naming(path.substr(0, path.find('\0')), [&] {
    if (path.find('\0') != std::string::npos) throw Error(Code::file, "the path holds a zero byte");
    return opened(path, options);
  });
}

bool is_folder(const std::string& path) {
  if (path.find('\0') != std::string::npos) return false;
  try {
    std::error_code ignored;
    return std::filesystem::is_directory(native_path(path), ignored);
  } catch (const std::exception&) {  // no valid path
    return false;
  }
}

std::shared_ptr<const gguf::File> open(const std::string& path, const gguf::OpenOptions& options) {
  if (is_folder(path)) return open_folder(path, vocabulary(options));
  return gguf::File::open(path, options);
}

}  // namespace lt::convert
