#include "measure/base.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gguf/cursor.h"

namespace lt::measuring {
namespace {

constexpr char magic[8] = {'l', 't', 'l', 'o', 'g', 'i', 't', 's'};
constexpr uint32_t version = 1;
constexpr float widest = 200;  // exp(-200) counts for nothing
constexpr double last_code = 65535;

uint64_t record_bytes(int64_t vocabulary) { return 8 + 2 * static_cast<uint64_t>(vocabulary); }

template <class T>
void put(std::vector<uint8_t>& bytes, T value) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

std::vector<uint8_t> header_of(const Chunks& chunks, int64_t vocabulary) {
  std::vector<uint8_t> header(magic, magic + sizeof magic);
  put(header, version);
  put(header, static_cast<uint32_t>(chunks.context));
  put(header, static_cast<uint32_t>(vocabulary));
  put(header, static_cast<uint32_t>(chunks.count));
  for (const int32_t t : chunks.tokens) put(header, t);
  return header;
}

}  // namespace

int32_t target_of(const Chunks& chunks, int64_t row) {
  const Wanted rows = scored(chunks.context);
  const int64_t each = rows.end - rows.first;
  return chunks.tokens[static_cast<size_t>(row / each * chunks.context + rows.first + row % each + 1)];
}

BaseWriter::BaseWriter(const std::string& path, const Chunks& chunks, int64_t vocabulary)
    : output_(path), record_bytes_(record_bytes(vocabulary)) {
  const std::vector<uint8_t> header = header_of(chunks, vocabulary);
  records_ = header.size();
  bytes_ = records_ + static_cast<uint64_t>(scored_rows(chunks)) * record_bytes_;
  output_.reserve(bytes_);
  output_.write(0, header);
}

std::vector<uint8_t> BaseWriter::record(std::span<const float> logits, float most, double log_probability) const {
  float least = most;
  for (const float v : logits) least = std::min(least, v);
  const float range = std::min(most - least, widest);
  std::vector<uint8_t> out;
  out.reserve(record_bytes_);
  put(out, static_cast<float>(log_probability));
  put(out, range);
  const double inverse = range > 0 ? 1 / static_cast<double>(range) : 0;
  out.resize(record_bytes_);
  uint8_t* at = out.data() + 8;
  for (const float v : logits) {
    const double part = std::min(1.0, (static_cast<double>(most) - v) * inverse);
    const auto code = static_cast<uint16_t>(std::lround(last_code * std::sqrt(part)));
    std::memcpy(at, &code, sizeof code);
    at += sizeof code;
  }
  return out;
}

void BaseWriter::write(int64_t row, std::span<const uint8_t> records) {
  output_.write(records_ + static_cast<uint64_t>(row) * record_bytes_, records);
}

BaseReader::BaseReader(const std::string& path) : path_(path), mapping_(path) {
  gguf::Cursor cursor(mapping_.bytes());
  const gguf::Owner owner{"base log-probabilities", path};
  if (std::memcmp(cursor.take(sizeof magic, 1, owner, "first bytes"), magic, sizeof magic) != 0)
    owner.fail("expected a file that perplexity saved for comparisons");
  const auto found = cursor.number<uint32_t>(owner, "version");
  if (found != version) owner.fail("version: expected " + std::to_string(version) + ", found " + std::to_string(found));
  chunks_.context = cursor.number<uint32_t>(owner, "context");
  vocabulary_ = cursor.number<uint32_t>(owner, "vocabulary");
  chunks_.count = cursor.number<uint32_t>(owner, "chunks");
  if (chunks_.context < 4 || chunks_.context > (1 << 24) || vocabulary_ < 1 || vocabulary_ > (1 << 24) || chunks_.count < 1)
    owner.fail("expected a context, vocabulary and number of chunks that can be, found " + std::to_string(chunks_.context) + ", " +
               std::to_string(vocabulary_) + " and " + std::to_string(chunks_.count));
  const auto tokens = static_cast<uint64_t>(chunks_.context * chunks_.count);  // 24 and 32 bits
  const uint8_t* at = cursor.take(tokens, sizeof(int32_t), owner, "tokens");
  chunks_.tokens.resize(static_cast<size_t>(tokens));
  std::memcpy(chunks_.tokens.data(), at, chunks_.tokens.size() * sizeof(int32_t));
  for (const int32_t t : chunks_.tokens)
    if (t < 0 || t >= vocabulary_) owner.fail("tokens: expected ids below " + std::to_string(vocabulary_) + ", found " + std::to_string(t));
  records_ = static_cast<size_t>(cursor.position());
  cursor.take(static_cast<uint64_t>(scored_rows(chunks_)), record_bytes(vocabulary_), owner, "records");
  if (cursor.remaining() != 0) owner.fail("expected the end of the file at byte " + std::to_string(cursor.position()));
}

BaseReader::Row BaseReader::row(int64_t row) const {
  const uint8_t* at = mapping_.bytes().data() + records_ + static_cast<uint64_t>(row) * record_bytes(vocabulary_);
  float log_probability, range;
  std::memcpy(&log_probability, at, 4);
  std::memcpy(&range, at + 4, 4);
  if (std::isnan(log_probability) || log_probability > 1e-3f || !(range >= 0 && range <= widest))
    throw Error(Code::format, path_ + ": record " + std::to_string(row) + ": expected a log-probability and a range, found " +
                                  std::to_string(log_probability) + " and " + std::to_string(range));
  Row out{log_probability, std::vector<float>(static_cast<size_t>(vocabulary_))};
  const double step = static_cast<double>(range) / (last_code * last_code);
  for (size_t i = 0; i < out.logits.size(); i++) {
    uint16_t code;
    std::memcpy(&code, at + 8 + 2 * i, sizeof code);
    out.logits[i] = static_cast<float>(-step * static_cast<double>(code) * static_cast<double>(code));
  }
  return out;
}

}  // namespace lt::measuring
