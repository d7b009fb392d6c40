#include "measure/perplexity.h"

#include <algorithm>
#include <chrono>

#include "core/parallel.h"
#include "engine/follower.h"
#include "gguf/output.h"
#include "measure/base.h"
#include "measure/distribution.h"

namespace lt::measuring {
namespace {

// What a scored row says.
struct Score {
  double log_probability = 0, base_log_probability = 0, kl = 0;
  bool same_top = false;
};

// sum of P (log P - log Q), both from logits. What is taken from the logits cancels in the sum, so only the largest is.
double divergence(std::span<const float> base, const Distribution& p, std::span<const float> logits, const Distribution& q) {
  double sum = 0;
  for (size_t i = 0; i < base.size(); i++) {
    const double log_p = p.log_probability(base[i]);
    const double probability = std::exp(log_p);
    if (probability > 0) sum += probability * (log_p - q.log_probability(logits[i]));
  }
  return std::max(0.0, sum);
}

class Scoring {
 public:
  Scoring(const Chunks& chunks, int64_t vocabulary, int threads, const PerplexityOptions& options, const BaseReader* base)
      : chunks_(chunks), threads_(threads), base_(base), scores_(static_cast<size_t>(scored_rows(chunks))) {
    if (!options.save_base.empty()) writer_ = std::make_unique<BaseWriter>(options.save_base, chunks, vocabulary);
  }

  void take(int64_t first, std::span<const std::span<const float>> logits) {
    std::vector<std::vector<uint8_t>> records(logits.size());
    parallel(threads_, std::ssize(logits), [&](int64_t i) {
      const auto at = static_cast<size_t>(i);
      const Distribution q(logits[at]);
      if (!q.valid())
        throw Error(Code::format, "the logits behind token " + std::to_string(first + i) +
                                      " of those scored are not numbers: the model's file is damaged, or the backend computes it wrongly");
      scores_[static_cast<size_t>(first + i)] = score(first + i, logits[at], q);
      if (writer_) records[at] = writer_->record(logits[at], q.most, scores_[static_cast<size_t>(first + i)].log_probability);
    });
    for (size_t i = 0; writer_ && i < records.size(); i++) writer_->write(first + static_cast<int64_t>(i), records[i]);
  }

  const std::vector<Score>& finish() {
    if (writer_) writer_->finish();
    return scores_;
  }

 private:
  Score score(int64_t row, std::span<const float> logits, const Distribution& q) const {
    Score s;
    s.log_probability = q.log_probability(logits[static_cast<size_t>(target_of(chunks_, row))]);
    if (!base_) return s;
    const BaseReader::Row base = base_->row(row);
    s.base_log_probability = base.log_probability;
    s.kl = divergence(base.logits, Distribution(base.logits), logits, q);
    s.same_top = top(base.logits) == top(logits);
    return s;
  }

  const Chunks& chunks_;
  const int threads_;
  const BaseReader* base_;
  std::vector<Score> scores_;
  std::unique_ptr<BaseWriter> writer_;
};

template <class Of>
std::vector<double> each(const std::vector<Score>& scores, Of of) {
  std::vector<double> values;
  values.reserve(scores.size());
  for (const Score& s : scores) values.push_back(of(s));
  return values;
}

Divergence divergence_of(const std::vector<Score>& scores) {
  const std::vector<double> kl = each(scores, [](const Score& s) { return s.kl; });
  Divergence d{};
  d.kl = mean_of(kl);
  d.kl_median = quantile(kl, 0.5);
  d.kl_99 = quantile(kl, 0.99);
  d.kl_most = quantile(kl, 1);
  d.same_top = mean_of(each(scores, [](const Score& s) { return s.same_top ? 1.0 : 0.0; }));
  d.log_ratio = mean_of(each(scores, [](const Score& s) { return s.base_log_probability - s.log_probability; }));
  d.base_perplexity = std::exp(mean_of(each(scores, [](const Score& s) { return -s.base_log_probability; })).value);
  d.rms_probability = std::sqrt(mean_of(each(scores, [](const Score& s) {
                                  const double difference = std::exp(s.log_probability) - std::exp(s.base_log_probability);
                                  return difference * difference;
                                })).value);
  return d;
}

void check(const std::optional<std::string>& text, const PerplexityOptions& o) {
  if (engine::ranks_here() > 1)
    throw Error(Code::unsupported, "perplexity: several processes cannot measure together: run it without mpirun");
  if (o.context < 4 || o.context > (1 << 24))
    throw Error(Code::argument, "context: expected at least 4 tokens, found " + std::to_string(o.context));
  if (o.chunks == 0) throw Error(Code::argument, "chunks: expected at least 1, found 0");
  if (!text && o.base.empty()) throw Error(Code::argument, "text: expected one, or a base to compare with, which holds its text");
  if (!o.base.empty() && !o.save_base.empty()) throw Error(Code::argument, "expected a base to save or one to compare with, found both");
}

// Of the base, as many as asked for; the text, if there is one, must be the same.
Chunks chunks_of(const BaseReader& base, const std::optional<Chunks>& text, int64_t most) {
  Chunks out = base.chunks();
  if (most >= 0) out.count = std::min(out.count, most);
  out.tokens.resize(static_cast<size_t>(out.count * out.context));
  if (text && text->tokens != out.tokens)
    throw Error(Code::argument, "text: its tokens are not those that the base was saved for: give the same text and chunks, or no text");
  return out;
}

}  // namespace

Perplexity perplexity(const std::string& model, const std::optional<std::string>& text, const PerplexityOptions& options,
                      const engine::Progress& progress) {
  check(text, options);
  const auto file = gguf::File::open(model);
  for (const std::string& part : file->paths())
    if (!options.save_base.empty() && gguf::would_replace(options.save_base, part))
      throw Error(Code::argument, options.save_base + ": the model is read and would be written over: name another file");
  const std::unique_ptr<BaseReader> base = options.base.empty() ? nullptr : std::make_unique<BaseReader>(options.base);
  const int64_t context = base ? base->chunks().context : options.context;
  std::optional<Chunks> cut_text;
  if (text) cut_text = cut(*tokenize::Tokenizer::load(file), *text, context, options.chunks);
  const Chunks chunks = base ? chunks_of(*base, cut_text, options.chunks) : *cut_text;
  Pass pass(*file, options.engine, context, scored(context));
  if (base && base->vocabulary() != pass.shape().vocabulary)
    throw Error(Code::argument, "the base has a vocabulary of " + std::to_string(base->vocabulary()) + " tokens, this model one of " +
                                    std::to_string(pass.shape().vocabulary) + ": compare a model with its own base");
  Scoring scoring(chunks, pass.shape().vocabulary, pass.threads(), options, base.get());

  const auto began = std::chrono::steady_clock::now();
  const int64_t each_chunk = scored(context).end - scored(context).first;
  for (int64_t at = 0; at < chunks.count; at += pass.group()) {
    const int64_t n = std::min(pass.group(), chunks.count - at);
    const auto stop = [&](double part) {
      return !progress((static_cast<double>(at) + part * static_cast<double>(n)) / static_cast<double>(chunks.count));
    };
    const auto seen = [&](int64_t first, std::span<const std::span<const float>> logits) { scoring.take(at * each_chunk + first, logits); };
    if (!pass.run(chunks.of(at, n), seen, stop)) throw Error(Code::disposed, "measuring was stopped");
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const std::vector<Score>& scores = scoring.finish();
  progress(1);

  Perplexity out{mean_of(each(scores, [](const Score& s) { return -s.log_probability; })),
                 std::ssize(scores),
                 chunks.count,
                 context,
                 {},
                 pass.backend(),
                 took.count()};
  if (base) out.divergence = divergence_of(scores);
  return out;
}

}  // namespace lt::measuring
