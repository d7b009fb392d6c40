#include "convert/split.h"

#include <algorithm>

#include "core/error.h"
#include "gguf/fingerprint.h"
#include "gguf/split.h"
#include "gguf/writer.h"

namespace lt::convert {
namespace {

constexpr size_t most_parts = 65535;

struct TensorRange {
  size_t first, count;  // of tensors
};

std::vector<TensorRange> ranges(const gguf::File& file, const SplitLimits& limits) {
  std::vector<TensorRange> out = {{0, 0}};
  uint64_t bytes = 0;
  for (size_t i = 0; i < file.tensors().size(); i++) {
    const uint64_t more = file.tensors()[i].bytes;
    const TensorRange& last = out.back();
    const bool full = (limits.bytes && bytes + more > limits.bytes) || (limits.tensors && last.count >= limits.tensors);
    if (full && last.count > 0) {
      out.push_back({i, 0});
      bytes = 0;
    }
    out.back().count++;
    bytes += more;
  }
  return out;
}

std::vector<gguf::Field> without_split(const gguf::File& file) {
  std::vector<gguf::Field> fields = gguf::fields_of(file);
  std::erase_if(fields, [](const gguf::Field& f) { return f.key.starts_with("split."); });
  return fields;
}

std::vector<gguf::Field> fields_of_part(const gguf::File& file, size_t no, size_t count) {
  std::vector<gguf::Field> fields = without_split(file);
  if (no > 0) std::erase_if(fields, [](const gguf::Field& f) { return f.key != "general.alignment"; });
  fields.push_back(gguf::field("split.no", static_cast<uint16_t>(no)));
  fields.push_back(gguf::field("split.count", static_cast<uint16_t>(count)));
  fields.push_back(gguf::field("split.tensors.count", static_cast<int32_t>(file.tensors().size())));
  return fields;
}

gguf::Planned planned(const gguf::HostTensor& t) { return {std::string(t.name), t.type, {t.dims.begin(), t.dims.begin() + t.n_dims}}; }

class Splitting {
 public:
  Splitting(const gguf::File& file, const Progress& progress) : file_(file), progress_(progress) {}

  uint64_t write(const std::string& path, const TensorRange& range, size_t no, size_t count) {
    const auto tensors = file_.tensors().subspan(range.first, range.count);
    std::vector<gguf::Planned> plan;
    for (const gguf::HostTensor& t : tensors) plan.push_back(planned(t));
    gguf::Writer writer(path, fields_of_part(file_, no, count), std::move(plan), "split " + std::to_string(gguf::fingerprint(file_)));
    for (size_t i = 0; i < tensors.size(); i++) {
      const uint64_t before = done_;
      if (!writer.done(i)) stream(file_, tensors[i], [&](std::span<const uint8_t> bytes) { append(writer, i, bytes); });
      done_ = before + tensors[i].bytes;
    }
    writer.finish();
    return writer.bytes();
  }

 private:
  void append(gguf::Writer& writer, size_t tensor, std::span<const uint8_t> bytes) {
    writer.append(tensor, bytes);
    done_ += bytes.size();
    const auto all = static_cast<double>(std::max<uint64_t>(file_.tensor_bytes(), 1));
    if (progress_ && !progress_(static_cast<double>(done_) / all)) throw Error(Code::disposed, "splitting was stopped");
  }

  const gguf::File& file_;
  const Progress& progress_;
  uint64_t done_ = 0;
};

}  // namespace

void check_apart(const gguf::File& from, const std::string& to) {
  for (const std::string& path : from.paths())
    if (gguf::same_file(path, to)) throw Error(Code::argument, to + ": is what is read: choose another name for what is written");
}

WrittenFiles split(const std::string& from, const std::string& prefix, const SplitLimits& limits, const Progress& progress) {
  if (limits.bytes == 0 && limits.tensors == 0) throw Error(Code::argument, "expected a limit: bytes or tensors of a part");
  const auto file = gguf::File::open(from);
  const std::vector<TensorRange> all = ranges(*file, limits);
  if (all.size() > most_parts)
    throw Error(Code::argument, "expected at most " + std::to_string(most_parts) + " parts, found " + std::to_string(all.size()) +
                                    ": choose a higher limit");
  if (file->tensors().size() > INT32_MAX) throw Error(Code::unsupported, "a file of more than 2^31 tensors cannot be split");
  WrittenFiles out;
  for (size_t no = 0; no < all.size(); no++) {
    out.paths.push_back(prefix + gguf::part_suffix(no, all.size()));
    check_apart(*file, out.paths.back());
  }
  out.bytes.resize(all.size());
  Splitting splitting(*file, progress);
  for (size_t no = all.size(); no-- > 0;) out.bytes[no] = splitting.write(out.paths[no], all[no], no, all.size());
  return out;
}

Written merge(const std::string& from, const std::string& to, const Progress& progress) {
  auto file = gguf::File::open(from);
  check_apart(*file, to);
  std::vector<gguf::Field> fields = without_split(*file);
  const std::string origin = "merge " + std::to_string(gguf::fingerprint(*file));
  return copy(std::move(file), to, std::move(fields), origin, progress);
}

}  // namespace lt::convert
