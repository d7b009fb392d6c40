// The thread of a loaded model: takes what is submitted and aborted, computes a step, reports, again.
// Every request that was taken ends with a report, whatever fails: what a report needs to be made is there from submission on.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/pool.h"
#include "engine/current_error.h"
#include "engine/loaded_model.h"
#include "engine/outbox.h"
#include "engine/pace.h"
#include "engine/request.h"
#include "engine/settling.h"

namespace lt::engine {
namespace {

// Of a step: where a sequence's results begin, and how many of its rows hold.
struct Taken {
  int64_t first, rows;
};

template <class T>
std::vector<T> with_room(int64_t n) {
  std::vector<T> empty;
  empty.reserve(static_cast<size_t>(n));
  return empty;
}

class RunningEngine final : public Engine {
 public:
  RunningEngine(LoadedModel parts, Sink sink)
      : parts_(std::move(parts)),
        choosable_(*parts_.tokenizer),
        words_(std::make_shared<grammar::LazyVocabulary>(parts_.tokenizer)),
        cache_(parts_.batch->size().cache),
        scheduler_(cache_, limits_of(parts_)),
        outbox_(scheduler_, std::move(sink)),
        pace_(parts_.batch->size().rows, parts_.step_ms),
        threads_(parts_.threads),
        settling_(parts_.settles ? parts_.file : nullptr),
        results_(with_room<std::span<const float>>(parts_.batch->size().outputs)),
        taken_(with_room<Taken>(parts_.batch->size().sequences)),
        thread_([this] { run(); }) {}

  ~RunningEngine() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = news_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  uint64_t submit(Request request) override {
    check(request, parts_.info, *parts_.tokenizer);
    request = ready(std::move(request), choosable_, *parts_.tokenizer, parts_.info);
    const int64_t places = positions(request);
    std::shared_ptr<grammar::Masks> masks;
    if (request.generates() && request.generate().bound.to) masks = words_->masks(request.generate().bound.to);
    Scheduler::Queue one;
    one.push_back(std::make_unique<Sequence>(++last_id_, std::move(request), places, *parts_.tokenizer, parts_.readout, std::move(masks)));
    const uint64_t id = one.front()->id;
    {
      const std::lock_guard lock(mutex_);
      aborts_.reserve(submitted_ + 1 - ended_);  // so that aborting a request that runs takes no memory
      arrivals_.splice(arrivals_.end(), one);
      submitted_++;
    }
    wake_.notify_one();
    return id;
  }

  void abort(uint64_t request) noexcept override {
    {
      const std::lock_guard lock(mutex_);
      if (aborts_.size() == aborts_.capacity()) drop_repeated_aborts();
      try {
        aborts_.push_back(request);
      } catch (...) {  // more aborts than requests: of those that ended
        return;
      }
      news_ = true;
    }
    wake_.notify_one();
  }

  void answer(uint64_t request, int32_t id) override {
    {
      const std::lock_guard lock(mutex_);
      answers_.emplace_back(request, id);
    }
    wake_.notify_one();
  }

  const ModelInfo& info() const override { return parts_.info; }
  const tokenize::Tokenizer& tokenizer() const override { return *parts_.tokenizer; }
  std::shared_ptr<const tokenize::Tokenizer> shared_tokenizer() const override { return parts_.tokenizer; }
  std::shared_ptr<grammar::LazyVocabulary> words() const override { return words_; }

 private:
  // That the texts of a request have in the cache at most.
  int64_t positions(const Request& r) const {
    const ModelInfo& m = parts_.info;
    return m.has_encoder() ? std::min(m.context_tokens, whole_pages(r.encoded) + m.trained_context) : m.longest();
  }

  void mask_made() noexcept {
    {
      const std::lock_guard lock(mutex_);
      mask_made_ = true;
    }
    wake_.notify_one();
  }

  void run() noexcept {
    while (take_mail()) {
      turn();
      count_ended(outbox_.deliver());
    }
    fail_all(Error(Code::disposed, Literal{"the model was disposed before the request finished"}));
    outbox_.deliver();
    for (int again = 0; again < last_tries && !outbox_.empty(); again++) {
      std::this_thread::sleep_for(between_tries);
      outbox_.deliver();
    }
  }

  // Sleeps while there is nothing to do; false: the engine ends.
  bool take_mail() noexcept {
    std::unique_lock lock(mutex_);
    const auto has_mail = [this] { return stopping_ || mask_made_ || !arrivals_.empty() || !aborts_.empty() || !answers_.empty(); };
    const bool still = scheduler_.idle() || stuck_;
    if (still && outbox_.empty())
      wake_.wait(lock, has_mail);
    else if (still)
      wake_.wait_for(lock, between_tries, has_mail);
    mask_made_ = false;
    scheduler_.add(std::move(arrivals_));
    if (!aborts_.empty()) {
      drop_repeated_aborts();
      scheduler_.for_each([this](Sequence& s) {
        if (!s.finished() && std::binary_search(aborts_.begin(), aborts_.end(), s.id)) s.abort();
      });
    }
    aborts_.clear();
    for (const auto& [request, id] : answers_) scheduler_.for_each([&, id = id](Sequence& s) { answer(s, request, id); });
    answers_.clear();
    news_ = false;
    return !stopping_;
  }

  static void answer(Sequence& s, uint64_t request, int32_t id) noexcept {
    if (s.id != request) return;
    try {
      s.answer(id);
    } catch (...) {
      fail(s, current_error());
    }
  }

  void drop_repeated_aborts() noexcept {
    std::sort(aborts_.begin(), aborts_.end());
    aborts_.erase(std::unique(aborts_.begin(), aborts_.end()), aborts_.end());
  }

  void count_ended(size_t n) noexcept {
    if (n == 0) return;
    const std::lock_guard lock(mutex_);
    ended_ += n;
  }

  void turn() noexcept {
    outbox_.settle();
    stuck_ = false;
    if (scheduler_.idle()) return;
    std::vector<Work> work;
    try {
      const Pace::Wait wait = scheduler_.admit(pace_.soon());
      work = scheduler_.plan(pace_.rows(wait));
      if (!work.empty()) return step(work, wait);
      stuck_ = scheduler_.none_finished() && (scheduler_.asks() || scheduler_.waits_for_mask());
      if (stuck_) return;
      if (scheduler_.none_finished()) throw Error(Code::internal, Literal{"no request could go on"});
    } catch (...) {
      const Error error = current_error();
      if (work.empty()) fail_all(error);
      for (const Work& w : work) fail(*w.sequence, error);
      for (const Scheduler::PageCopy& c : scheduler_.copies())
        if (c.sequence->awaits_copy) fail(*c.sequence, error);
    }
  }

  static void fail(Sequence& s, const Error& error) noexcept {
    if (!s.finished()) s.fail(error);
  }
  void fail_all(const Error& error) noexcept {
    scheduler_.for_each([&](Sequence& s) { fail(s, error); });
  }

  void step(const std::vector<Work>& work, Pace::Wait wait) {
    const Clock::time_point begin = Clock::now();
    int64_t rows = 0, next = 0;
    for (const Work& w : work) {
      w.sequence->started();
      rows += w.count;
      if (w.count == w.drafts + 1 && w.sequence->length() > w.sequence->prompt_length()) next += w.count;
    }
    const auto interrupted = [&] { return news_.load(std::memory_order_relaxed) && in_vain(work, rows); };
    const bool done = parts_.batch->run(work, scheduler_.copies(), interrupted);
    scheduler_.copied();
    if (!done) return;
    settling_.begin();
    pace_.measured(wait, rows, next, std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    hand_out(work);
    for (size_t i = 0; i < work.size(); i++) {
      Sequence& s = *work[i].sequence;
      if (taken_[i].rows == failed) continue;
      try {
        scheduler_.computed(work[i], taken_[i].rows);
        if (s.uncomputed() == 0 && !s.finished() && !s.asks()) s.prompt_done();
        if ((parts_.propose || s.bound()) && s.uncomputed() == 1 && !s.finished()) s.draft(parts_.propose);
      } catch (...) {
        s.fail(current_error());
      }
    }
  }

  // To each sequence what the step gave for it. Nothing of it is known to others yet, so that what is wrong never is.
  void hand_out(const std::vector<Work>& work) {
    results_.clear();
    taken_.clear();
    int64_t output = 0;
    for (const Work& w : work) {
      taken_.push_back({output, failed});
      const bool hidden = w.sequence->request.embeds();
      for (const int64_t end = output + w.outputs; output < end; output++)
        results_.push_back(hidden ? parts_.batch->hidden(output) : parts_.batch->logits(output));
    }
    threads_.run(std::ssize(work), [&](int64_t task, int) {
      const auto i = static_cast<size_t>(task);
      try {
        const auto of = std::span(results_).subspan(static_cast<size_t>(taken_[i].first), static_cast<size_t>(work[i].outputs));
        taken_[i].rows = take(work[i], of, masks_);
      } catch (...) {
        work[i].sequence->fail(current_error());
      }
    });
  }

  // Returns how many of its rows hold: none does behind a draft that its sampler did not choose.
  static int64_t take(const Work& w, std::span<const std::span<const float>> results, MaskMaker& masks) {
    Sequence& s = *w.sequence;
    for (size_t i = 0; i < results.size(); i++) {
      if (!s.request.generates()) {
        s.take_row(s.computed + w.count - std::ssize(results) + static_cast<int64_t>(i), results[i]);
        continue;
      }
      s.sample(results[i]);
      s.prepare_mask(masks);
      const int64_t behind = std::ssize(results) - 1 - static_cast<int64_t>(i);
      if (behind > 0 && (s.finished() || s.takes_back() || s.waits_for_mask() || s.tokens.back() != s.drafts[i])) return w.count - behind;
    }
    return w.count;
  }

  static Scheduler::Limits limits_of(const LoadedModel& m) {
    const BatchSize& size = m.batch->size();
    const bool whole = m.info.text_at_once > 0 && !m.info.has_encoder();
    return {size.rows, size.sequences, whole ? size.rows : size.outputs - size.sequences, whole};
  }

  // Most rows of the step are of requests that were aborted meanwhile; where a step changes states, so that it cannot be computed again,
  // all.
  bool in_vain(const std::vector<Work>& work, int64_t rows) {
    const std::lock_guard lock(mutex_);
    int64_t wasted = 0;
    for (const uint64_t id : aborts_)
      for (const Work& w : work) wasted += w.sequence->id == id ? w.count : 0;
    return stopping_ || (cache_.has_states() ? wasted == rows : 2 * wasted > rows);
  }

  static constexpr int64_t failed = -1;
  static constexpr int last_tries = 8;  // of delivering the last reports, where memory is lacking
  static constexpr std::chrono::milliseconds between_tries{20};

  LoadedModel parts_;
  const Choosable choosable_;
  const std::shared_ptr<grammar::LazyVocabulary> words_;
  Cache cache_;
  Scheduler scheduler_;
  Outbox outbox_;
  Pace pace_;
  const Threads threads_;  // that sample
  Settling settling_;
  std::vector<std::span<const float>> results_;  // of the step, in the order of its work
  std::vector<Taken> taken_;                     // by work

  bool stuck_ = false;  // nobody can go on before an answer comes, or a mask is made

  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  Scheduler::Queue arrivals_;
  std::vector<uint64_t> aborts_;
  std::vector<std::pair<uint64_t, int32_t>> answers_;
  size_t submitted_ = 0, ended_ = 0;
  bool stopping_ = false, mask_made_ = false;
  std::atomic<bool> news_{false};  // aborts_ or stopping_, to be asked between layers
  std::atomic<uint64_t> last_id_{0};
  MaskMaker masks_{[this] { mask_made(); }};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Engine> start(LoadedModel parts, Sink sink) { return std::make_unique<RunningEngine>(std::move(parts), std::move(sink)); }

}  // namespace lt::engine
