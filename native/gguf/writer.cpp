#include "gguf/writer.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "gguf/cursor.h"
#include "quant/type.h"

namespace lt::gguf {
namespace {

constexpr uint64_t mark_word = 0x6b72616d2d74616c;  // begins the notes behind the data

uint64_t rounded_up(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

uint64_t alignment_of(const std::vector<Field>& fields) {
  const auto at = std::find_if(fields.begin(), fields.end(), [](const Field& f) { return f.key == "general.alignment"; });
  uint32_t alignment = 32;
  if (at != fields.end() && at->value.size() == 8) std::memcpy(&alignment, at->value.data() + 4, 4);
  return std::max<uint32_t>(alignment, 8);
}

class Header {
 public:
  template <class T>
  void number(T value) {
    const size_t at = bytes.size();
    bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
  void text(std::string_view s) {
    number(uint64_t{s.size()});
    bytes.insert(bytes.end(), s.begin(), s.end());
  }
  std::vector<uint8_t> bytes;
};

// Fills `at` with the place of each tensor's data, from the start of the data section.
uint64_t place(const std::vector<Planned>& tensors, uint64_t alignment, std::vector<uint64_t>& at) {
  uint64_t end = 0;
  for (const Planned& t : tensors) {
    at.push_back(end);
    end = rounded_up(end + t.bytes(), alignment);
  }
  return end;
}

std::vector<uint8_t> header_of(const std::vector<Field>& fields, const std::vector<Planned>& tensors, const std::vector<uint64_t>& at,
                               uint64_t alignment) {
  Header h;
  h.number(uint32_t{0x46554747});  // "GGUF"
  h.number(uint32_t{3});
  h.number(uint64_t{tensors.size()});
  h.number(uint64_t{fields.size()});
  for (const Field& f : fields) {
    h.text(f.key);
    h.bytes.insert(h.bytes.end(), f.value.begin(), f.value.end());
  }
  for (size_t i = 0; i < tensors.size(); i++) {
    h.text(tensors[i].name);
    h.number(static_cast<uint32_t>(tensors[i].dims.size()));
    for (const int64_t d : tensors[i].dims) h.number(static_cast<uint64_t>(d));
    h.number(static_cast<uint32_t>(tensors[i].type));
    h.number(at[i]);
  }
  h.bytes.resize(rounded_up(h.bytes.size(), alignment));
  return std::move(h.bytes);
}

}  // namespace

uint64_t Planned::bytes() const {
  if (dims.empty() || dims.size() > 4) throw Error(Code::internal, name + ": expected 1 to 4 dimensions");
  const quant::TypeInfo& info = quant::info(type);
  if (dims[0] % info.values != 0) {
    throw Error(Code::argument, name + ": a row of " + std::to_string(dims[0]) + " values is not a multiple of the " +
                                    std::to_string(info.values) + " of a block of " + info.name + ": choose another type for it");
  }
  uint64_t rows = 1;
  for (size_t i = 1; i < dims.size(); i++) rows *= static_cast<uint64_t>(dims[i]);
  return rows * static_cast<uint64_t>(quant::row_bytes(type, dims[0]));
}

uint64_t file_bytes(const std::vector<Field>& fields, const std::vector<Planned>& tensors) {
  const uint64_t alignment = alignment_of(fields);
  std::vector<uint64_t> at;
  const uint64_t data = place(tensors, alignment, at);
  return header_of(fields, tensors, at, alignment).size() + data;
}

std::vector<Field> fields_of(const File& file) {
  std::vector<Field> fields;
  for (size_t i = 0; i < file.metadata().size(); i++) {
    const std::span<const uint8_t> bytes = file.raw_values()[i];
    fields.push_back({std::string(file.metadata()[i].first), {bytes.begin(), bytes.end()}});
  }
  return fields;
}

Writer::Writer(const std::string& path, std::vector<Field> fields, std::vector<Planned> tensors, const std::string& origin)
    : tensors_(std::move(tensors)), written_(tensors_.size()), hashes_(tensors_.size()), marks_(tensors_.size()), output_(path) {
  const uint64_t alignment = alignment_of(fields);
  const uint64_t data = place(tensors_, alignment, at_);
  const std::vector<uint8_t> header = header_of(fields, tensors_, at_, alignment);
  for (uint64_t& at : at_) at += header.size();
  end_ = header.size() + data;

  Hash key;
  key.add(header.data(), header.size());
  key.add(origin.data(), origin.size());
  const bool same_size = output_.size() == mark_at(tensors_.size());
  output_.reserve(mark_at(tensors_.size()));
  if (same_size && !origin.empty()) resume(key.value());
  output_.write(0, header);
  const uint64_t notes[2] = {mark_word, key.value()};
  output_.write(end_, {reinterpret_cast<const uint8_t*>(notes), sizeof notes});
  for (size_t i = 0; i < tensors_.size(); i++) {
    if (tensors_[i].bytes() == 0) marks_[i] = {1, Hash().value()};
    note(i);
  }
}

uint64_t Writer::mark_at(size_t tensor) const { return end_ + 2 * sizeof(uint64_t) + tensor * sizeof(Mark); }

void Writer::resume(uint64_t origin) {
  uint64_t notes[2];
  output_.read(end_, {reinterpret_cast<uint8_t*>(notes), sizeof notes});
  if (notes[0] != mark_word || notes[1] != origin) return;
  for (size_t i = 0; i < tensors_.size(); i++) {
    output_.read(mark_at(i), {reinterpret_cast<uint8_t*>(&marks_[i]), sizeof(Mark)});
    if (marks_[i].done != 1 || !holds(i)) marks_[i] = {};
    if (marks_[i].done) written_[i] = tensors_[i].bytes();
  }
}

// Whether the data are those that were noted: after a loss of power the note may be on the disk and they not.
bool Writer::holds(size_t tensor) const {
  std::vector<uint8_t> piece(size_t{1} << 20);
  Hash hash;
  for (uint64_t at = 0, all = tensors_[tensor].bytes(); at < all; at += piece.size()) {
    const std::span<uint8_t> part(piece.data(), static_cast<size_t>(std::min<uint64_t>(piece.size(), all - at)));
    output_.read(at_[tensor] + at, part);
    hash.add(part.data(), part.size());
  }
  return hash.value() == marks_[tensor].hash;
}

void Writer::note(size_t tensor) { output_.write(mark_at(tensor), {reinterpret_cast<const uint8_t*>(&marks_[tensor]), sizeof(Mark)}); }

void Writer::append(size_t tensor, std::span<const uint8_t> bytes) {
  const uint64_t all = tensors_[tensor].bytes();
  if (bytes.size() > all - written_[tensor]) throw Error(Code::internal, tensors_[tensor].name + ": more values than planned");
  output_.write(at_[tensor] + written_[tensor], bytes);
  written_[tensor] += bytes.size();
  hashes_[tensor].add(bytes.data(), bytes.size());
  if (written_[tensor] < all) return;
  marks_[tensor] = {1, hashes_[tensor].value()};
  note(tensor);
}

void Writer::finish() {
  for (size_t i = 0; i < tensors_.size(); i++) {
    if (!done(i)) throw Error(Code::internal, tensors_[i].name + ": not all of its values were written");
  }
  output_.finish(end_);
}

}  // namespace lt::gguf
