// The thread of a loaded model: takes what is submitted and aborted, computes a step, reports, again.
// Every request that was taken ends with a report, whatever fails: what a report needs to be made is there from submission on.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/current_error.h"
#include "engine/loaded_model.h"
#include "engine/outbox.h"
#include "engine/pace.h"
#include "engine/request.h"

namespace lt::engine {
namespace {

class RunningEngine final : public Engine {
 public:
  RunningEngine(LoadedModel parts, Sink sink)
      : parts_(std::move(parts)),
        choosable_(*parts_.tokenizer),
        cache_(parts_.batch->size().cache),
        scheduler_(cache_, limits_of(parts_)),
        outbox_(scheduler_, std::move(sink)),
        pace_(parts_.batch->size().rows, parts_.step_ms),
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
    request = ready(std::move(request), choosable_);
    Scheduler::Queue one;
    one.push_back(std::make_unique<Sequence>(++last_id_, std::move(request), parts_.info.longest(), *parts_.tokenizer, parts_.readout));
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

  const ModelInfo& info() const override { return parts_.info; }
  const tokenize::Tokenizer& tokenizer() const override { return *parts_.tokenizer; }
  std::shared_ptr<const tokenize::Tokenizer> shared_tokenizer() const override { return parts_.tokenizer; }

 private:
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
    const auto has_mail = [this] { return stopping_ || !arrivals_.empty() || !aborts_.empty(); };
    if (scheduler_.idle() && outbox_.empty())
      wake_.wait(lock, has_mail);
    else if (scheduler_.idle())
      wake_.wait_for(lock, between_tries, has_mail);
    scheduler_.add(std::move(arrivals_));
    if (!aborts_.empty()) {
      drop_repeated_aborts();
      scheduler_.for_each([this](Sequence& s) {
        if (!s.finished() && std::binary_search(aborts_.begin(), aborts_.end(), s.id)) s.abort();
      });
    }
    aborts_.clear();
    news_ = false;
    return !stopping_;
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
    if (scheduler_.idle()) return;
    std::vector<Work> work;
    const Pace::Wait wait = scheduler_.generates() ? Pace::token : scheduler_.alone() ? Pace::alone : Pace::others;
    try {
      work = scheduler_.plan(pace_.rows(wait));
      if (!work.empty()) return step(work, wait);
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
    int64_t rows = 0, output = 0;
    for (const Work& w : work) {
      w.sequence->started();
      rows += w.count;
    }
    const auto interrupted = [&] { return news_.load(std::memory_order_relaxed) && in_vain(work, rows); };
    const bool done = parts_.batch->run(work, scheduler_.copies(), interrupted);
    scheduler_.copied();
    if (!done) return;
    pace_.measured(wait, rows, std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    for (const Work& w : work) {
      try {
        hand_out(w, output);
        scheduler_.computed(w);
        if (w.sequence->uncomputed() == 0 && !w.sequence->finished()) w.sequence->prompt_done();
      } catch (...) {
        w.sequence->fail(current_error());
      }
      output += w.outputs;
    }
  }

  // What the step gave for one sequence, its results from row `output`. Nothing of it is known to others yet, so that what is wrong never
  // is.
  void hand_out(const Work& w, int64_t output) {
    Sequence& s = *w.sequence;
    if (s.request.generates() && w.outputs > 0) s.sample(parts_.batch->logits(output));
    if (!s.request.generates())
      for (int64_t i = 0; i < w.outputs; i++)
        s.take_row(s.computed + w.count - w.outputs + i,
                   s.request.embeds() ? parts_.batch->hidden(output + i) : parts_.batch->logits(output + i));
  }

  static Scheduler::Limits limits_of(const LoadedModel& m) {
    const BatchSize& size = m.batch->size();
    const bool whole = m.info.text_at_once > 0;
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

  static constexpr int last_tries = 8;  // of delivering the last reports, where memory is lacking
  static constexpr std::chrono::milliseconds between_tries{20};

  LoadedModel parts_;
  const Choosable choosable_;
  Cache cache_;
  Scheduler scheduler_;
  Outbox outbox_;
  Pace pace_;

  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  Scheduler::Queue arrivals_;
  std::vector<uint64_t> aborts_;
  size_t submitted_ = 0, ended_ = 0;
  bool stopping_ = false;
  std::atomic<bool> news_{false};  // aborts_ or stopping_, to be asked between layers
  std::atomic<uint64_t> last_id_{0};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Engine> start(LoadedModel parts, Sink sink) { return std::make_unique<RunningEngine>(std::move(parts), std::move(sink)); }

}  // namespace lt::engine
