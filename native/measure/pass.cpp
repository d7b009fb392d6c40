#include "measure/pass.h"

#include <algorithm>

#include "engine/loaded_model.h"

namespace lt::measuring {
namespace {

constexpr int64_t page = Kv::page_size;
constexpr int64_t logit_bytes = int64_t{256} << 20;  // of a step: a large vocabulary makes steps smaller

}  // namespace

Pass::Pass(const gguf::File& file, const engine::EngineOptions& options, int64_t context, Wanted wanted)
    : context_(context), pages_((context + page - 1) / page), wanted_(wanted) {
  if (options.batch_tokens < 1 || options.batch_tokens > 65536)
    throw Error(Code::argument, "batchTokens: expected 1 to 65536, found " + std::to_string(options.batch_tokens));
  engine::EngineOptions placing = options;
  placing.context_tokens = context;
  placed_ = engine::place(file, placing, [&](const Shape& s) { return size_of(options, s); }, 0, nullptr, {});
  if (!placed_.shape.head)
    throw Error(Code::unsupported, "this model encodes texts and predicts no tokens, so it cannot be measured by them");
  if (placed_.shape.encoder > 0)
    throw Error(Code::unsupported, "this model encodes a text to write another, so it cannot be measured by texts of one kind");
  if (context > placed_.shape.trained_context)
    throw Error(Code::context, "context: this model was trained for " + std::to_string(placed_.shape.trained_context) + " tokens, found " +
                                   std::to_string(context));
  batch_ = std::make_unique<engine::Batch>(std::move(placed_.stages), std::move(placed_.order), placed_.shape, placed_.size);
}

engine::BatchSize Pass::size_of(const engine::EngineOptions& options, const Shape& s) {
  group_ = std::max<int64_t>(1, options.batch_tokens / context_);
  const int64_t rows = std::min(options.batch_tokens, group_ * context_);
  const int64_t outputs = std::min(rows, group_ * (wanted_.end - wanted_.first));
  const int64_t most = std::max<int64_t>(16, logit_bytes / (4 * std::max<int64_t>(1, s.vocabulary)));
  engine::CacheSize cache;  // every chunk keeps all that it has
  cache.reach = groups_of(s).reach;
  cache.pages.fill(group_ * pages_);
  cache.states = group_;
  return {rows, group_, std::clamp<int64_t>(outputs, 1, most), cache, engine::cache_type(options.cache_type, s)};
}

int64_t Pass::wanted_of(const ChunkRows& p) const {
  return std::max<int64_t>(0, std::min(p.first + p.count, wanted_.end) - std::max(p.first, wanted_.first));
}

// From row `at` of all chunks' rows on, as many as a step holds.
std::vector<Pass::ChunkRows> Pass::next_step(int64_t& at, int64_t end) const {
  std::vector<ChunkRows> pieces;
  int64_t rows = batch_->size().rows, outputs = batch_->size().outputs;
  while (at < end && rows > 0) {
    ChunkRows p{at / context_, at % context_, std::min(rows, context_ - at % context_)};
    const int64_t before = std::clamp<int64_t>(wanted_.first - p.first, 0, p.count);  // rows ahead of the first wanted one
    if (wanted_of(p) > outputs) p.count = before + outputs;
    if (p.count == 0) break;
    pieces.push_back(p);
    rows -= p.count;
    outputs -= wanted_of(p);
    at += p.count;
  }
  return pieces;
}

engine::HostRows Pass::rows_of(std::span<const ChunkRows> pieces, std::span<const int32_t> tokens) const {
  engine::HostRows rows;
  rows.wants = {1, 0};
  rows.starts.push_back(0);
  for (size_t i = 0; i < pieces.size(); i++) {
    const auto& [chunk, first, count] = pieces[i];
    for (int64_t r = first; r < first + count; r++) {
      if (r >= wanted_.first && r < wanted_.end) rows.outputs.push_back(static_cast<int32_t>(rows.ids.size()));
      rows.ids.push_back(tokens[static_cast<size_t>(chunk * context_ + r)]);
      rows.places.push_back(static_cast<int32_t>(r));
      rows.turns.insert(rows.turns.end(), static_cast<size_t>(placed_.shape.axes), static_cast<int32_t>(r));
      rows.sequences.push_back(static_cast<int32_t>(i));
      rows.writes.push_back(r + 1 == first + count ? static_cast<int32_t>(chunk) : -1);
    }
    rows.reads.push_back(first > 0 ? static_cast<int32_t>(chunk) : -1);
    rows.starts.push_back(static_cast<int32_t>(std::ssize(rows.ids)));
    for (size_t g = 0; g < batch_->size().cache.reach.size(); g++)
      for (int64_t p = 0; p < pages_; p++) rows.pages[g].push_back(static_cast<int32_t>(chunk * pages_ + p));
  }
  rows.sees = rows.places;
  return rows;
}

bool Pass::run(std::span<const int32_t> tokens, const Seen& seen, const std::function<bool(double)>& interrupted) {
  const auto end = std::ssize(tokens);
  int64_t output = 0;
  for (int64_t at = 0; at < end;) {
    const double fraction = static_cast<double>(at) / static_cast<double>(end);
    engine::HostRows rows = rows_of(next_step(at, end), tokens);
    const auto wanted = std::ssize(rows.outputs);
    if (!batch_->run(std::move(rows), [&] { return interrupted(fraction); })) return false;
    std::vector<std::span<const float>> logits;
    for (int64_t i = 0; i < wanted; i++) logits.push_back(batch_->logits(i));
    if (wanted > 0) seen(output, logits);
    output += wanted;
  }
  return true;
}

}  // namespace lt::measuring
