// A folder or file to one GGUF file, tensor by tensor.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "convert/folder.h"
#include "gguf/field.h"

namespace lt::convert {

using Progress = std::function<bool(double fraction)>;  // false: stop, by Code::disposed

// What a run wrote.
struct Written {
  uint64_t bytes = 0;
  size_t tensors = 0;
};

// options.streamed is set. A run that was killed goes on where it was. Throws what opening throws, Code::disk as gguf::Writer does,
// Code::argument where `to` is a file of the folder.
Written convert_folder(const std::string& folder, const std::string& to, FolderOptions options, const Progress& progress);

// All tensors of `file` as they are, under other metadata. `origin`: as for gguf::Writer. The file is let go of before the new one gets
// its name, which may be the old one's: Windows renames nothing over a mapped file.
Written copy(std::shared_ptr<const gguf::File> file, const std::string& to, std::vector<gguf::Field> fields, const std::string& origin,
             const Progress& progress);

// One tensor's bytes to `write`, piece by piece; their pages are let go.
void stream(const gguf::File& file, const gguf::HostTensor& tensor, const std::function<void(std::span<const uint8_t>)>& write);

}  // namespace lt::convert
