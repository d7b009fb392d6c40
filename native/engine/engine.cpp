// The thread of a loaded model: takes what is submitted and aborted, computes a step, reports, again.
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/current_error.h"
#include "engine/pace.h"
#include "engine/parts.h"
#include "engine/request.h"

namespace lt::engine {
namespace {

class RunningEngine final : public Engine {
 public:
  RunningEngine(Parts parts, Sink sink)
      : parts_(std::move(parts)),
        sink_(std::move(sink)),
        pages_(parts_.batch->size().pages),
        scheduler_(pages_, parts_.batch->size().sequences, parts_.batch->size().outputs - parts_.batch->size().sequences),
        pace_(parts_.batch->size().rows),
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
    check(request, parts_.info);
    auto s = std::make_unique<Sequence>(++last_id_, std::move(request), parts_.info.longest(), *parts_.tokenizer);
    const uint64_t id = s->id;
    {
      const std::lock_guard lock(mutex_);
      arrivals_.push_back(std::move(s));
    }
    wake_.notify_one();
    return id;
  }

  void abort(uint64_t request) override {
    {
      const std::lock_guard lock(mutex_);
      aborts_.push_back(request);
      news_ = true;
    }
    wake_.notify_one();
  }

  const ModelInfo& info() const override { return parts_.info; }
  const tokenize::Tokenizer& tokenizer() const override { return *parts_.tokenizer; }
  std::shared_ptr<const tokenize::Tokenizer> shared_tokenizer() const override { return parts_.tokenizer; }

 private:
  void run() {
    while (take_mail()) {
      turn();
      deliver();
    }
    fail_all(Error(Code::disposed, "the model was disposed before the request finished"));
    deliver();
  }

  // Sleeps while there is nothing to do; false: the engine ends.
  bool take_mail() {
    std::unique_lock lock(mutex_);
    if (scheduler_.idle()) wake_.wait(lock, [this] { return stopping_ || !arrivals_.empty() || !aborts_.empty(); });
    for (auto& s : arrivals_) scheduler_.add(std::move(s));
    arrivals_.clear();
    for (const uint64_t id : aborts_)
      if (Sequence* s = scheduler_.find(id)) s->abort();
    aborts_.clear();
    news_ = false;
    return !stopping_;
  }

  void turn() {
    settle();
    std::vector<Work> work;
    const bool alone = scheduler_.alone();
    try {
      work = scheduler_.plan(pace_.rows(alone));
      if (!work.empty()) return step(work, alone);
      if (!scheduler_.idle()) throw Error(Code::internal, "no request could go on");
    } catch (...) {
      const Error error = current_error();
      if (work.empty()) fail_all(error);
      for (const Work& w : work)
        if (!w.sequence->finished()) w.sequence->fail(error);
    }
  }

  void fail_all(const Error& error) {
    for (Sequence* s : scheduler_.all())
      if (!s->finished()) s->fail(error);
  }

  void step(const std::vector<Work>& work, bool alone) {
    const Clock::time_point begin = Clock::now();
    int64_t rows = 0, output = 0;
    for (const Work& w : work) {
      w.sequence->started();
      rows += w.count;
    }
    if (!parts_.batch->run(work, [&] { return news_.load(std::memory_order_relaxed) && in_vain(work, rows); })) return;
    pace_.measured(alone, rows, std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    for (const Work& w : work) {
      scheduler_.computed(w);
      try {
        hand_out(w, output);
      } catch (...) {
        w.sequence->fail(current_error());
      }
      output += w.outputs;
    }
  }

  // What the step gave for one sequence, its logits from row `output`.
  void hand_out(const Work& w, int64_t output) {
    Sequence& s = *w.sequence;
    if (s.request.logits_only)
      for (int64_t i = 0; i < w.outputs; i++) s.take_logits(parts_.batch->logits(output + i));
    else if (w.outputs > 0)
      s.sample(parts_.batch->logits(output));
    if (s.computed == s.length() && !s.finished()) s.prompt_done();
  }

  // Most rows of the step are of requests that were aborted meanwhile.
  bool in_vain(const std::vector<Work>& work, int64_t rows) {
    const std::lock_guard lock(mutex_);
    int64_t wasted = 0;
    for (const uint64_t id : aborts_)
      for (const Work& w : work) wasted += w.sequence->id == id ? w.count : 0;
    return stopping_ || 2 * wasted > rows;
  }

  // Takes out what finished, its last words into the reports.
  void settle() {
    for (const auto& s : scheduler_.take_finished()) reports_.push_back(s->report());
  }

  void deliver() {
    settle();
    for (Sequence* s : scheduler_.all())
      if (s->has_news()) reports_.push_back(s->report());
    if (reports_.empty()) return;
    try {
      sink_(std::exchange(reports_, {}));
    } catch (...) {  // the sink's own business
    }
  }

  Parts parts_;
  Sink sink_;
  Pages pages_;
  Scheduler scheduler_;
  Pace pace_;
  std::vector<Report> reports_;

  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::vector<std::unique_ptr<Sequence>> arrivals_;
  std::vector<uint64_t> aborts_;
  bool stopping_ = false;
  std::atomic<bool> news_{false};  // aborts_ or stopping_, to be asked between layers
  std::atomic<uint64_t> last_id_{0};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Engine> start(Parts parts, Sink sink) { return std::make_unique<RunningEngine>(std::move(parts), std::move(sink)); }

}  // namespace lt::engine
