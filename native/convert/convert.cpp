#include "convert/convert.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "gguf/fingerprint.h"
#include "gguf/writer.h"

namespace lt::convert {
namespace {

constexpr uint64_t piece = 4 << 20;

// Of the folder, what a model is read from.
void check_not_in(const std::string& folder, const std::string& to) {
  std::error_code ignored;
  static constexpr const char* read[] = {".safetensors", ".json", ".jsonl", ".txt", ".model", ".jinja"};
  for (const auto& entry : std::filesystem::directory_iterator(std::u8string(folder.begin(), folder.end()), ignored)) {
    const std::u8string name = entry.path().u8string();
    const bool is_read = std::find(std::begin(read), std::end(read), entry.path().extension()) != std::end(read);
    if (is_read && gguf::same_file(to, {name.begin(), name.end()}))
      throw Error(Code::argument, to + ": is a file of the folder that is read: choose another name");
  }
}

}  // namespace

void stream(const gguf::File& file, const gguf::HostTensor& tensor, const std::function<void(std::span<const uint8_t>)>& write) {
  std::vector<uint8_t> made;
  for (uint64_t at = 0; at < tensor.bytes; at += piece) {
    const auto some = static_cast<size_t>(std::min<uint64_t>(piece, tensor.bytes - at));
    if (tensor.data) {
      const uint8_t* from = static_cast<const uint8_t*>(tensor.data) + at;
      file.prefetch(std::vector<gguf::File::Bytes>{{reinterpret_cast<const char*>(from), some}}, {});
      write({from, some});
      file.let_go({reinterpret_cast<const char*>(from), some});
    } else {
      made.resize(some);
      file.read(tensor, at, made);
      write(made);
    }
  }
}

Written copy(std::shared_ptr<const gguf::File> file, const std::string& to, std::vector<gguf::Field> fields, const std::string& origin,
             const Progress& progress) {
  std::vector<gguf::Planned> planned;
  for (const gguf::HostTensor& t : file->tensors())
    planned.push_back({std::string(t.name), t.type, {t.dims.begin(), t.dims.begin() + t.n_dims}});
  gguf::Writer writer(to, std::move(fields), std::move(planned), origin);
  uint64_t done = 0;
  const auto all = static_cast<double>(std::max<uint64_t>(file->tensor_bytes(), 1));
  for (size_t i = 0; i < file->tensors().size(); i++) {
    const gguf::HostTensor& t = file->tensors()[i];
    const uint64_t before = done;
    if (!writer.done(i)) {
      stream(*file, t, [&](std::span<const uint8_t> bytes) {
        writer.append(i, bytes);
        done += bytes.size();
        if (progress && !progress(static_cast<double>(done) / all)) throw Error(Code::disposed, "writing was stopped");
      });
    }
    done = before + t.bytes;
  }
  file.reset();
  writer.finish();
  return {writer.bytes(), writer.tensors().size()};
}

Written convert_folder(const std::string& folder, const std::string& to, FolderOptions options, const Progress& progress) {
  options.streamed = options.written = true;
  auto file = open_folder(folder, options);
  check_not_in(folder, to);
  std::vector<gguf::Field> fields = gguf::fields_of(*file);
  const std::string origin = "folder " + std::to_string(gguf::fingerprint(*file));
  return copy(std::move(file), to, std::move(fields), origin, progress);
}

}  // namespace lt::convert
