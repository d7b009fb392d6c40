// Which rows the next step computes: one of every request that generates, and pieces of the prompts of the others.
// Requests are served in the order they came. Where pages run out, the latest gives its own back and computes them again when
// there is room; the earliest always goes on, so all finish. Nothing here changes what a row's result is, only when it comes.
#pragma once
#include <list>
#include <memory>
#include <vector>

#include "engine/pace.h"
#include "engine/sequence.h"

namespace lt::engine {

// The sequence's next `count` tokens, the last `drafts` of them guesses; the results of the last `outputs` of them are wanted.
struct Work {
  Sequence* sequence;
  int64_t count;
  int64_t outputs;
  int64_t drafts = 0;

  void resize(int64_t drafted) { count += drafted - drafts, outputs += drafted - drafts, drafts = drafted; }
};

// Nothing that is called after submission takes memory but admit(), plan() and computed(), which leave everything in order where they
// throw.
class Scheduler {
 public:
  using Queue = std::list<std::unique_ptr<Sequence>>;  // ascending by id

  // A page of the cache to be copied before the step, for this sequence.
  struct PageCopy {
    Sequence* sequence;
    size_t group;
    int32_t from, to;
  };
  struct Limits {
    int64_t rows, sequences;   // of a step
    int64_t results;           // rows of results a step beyond one a sequence
    bool whole_texts = false;  // rows see what comes behind them: a text is computed in one step, and shared with nobody
  };

  Scheduler(Cache& cache, const Limits& limits) : cache_(cache), limits_(limits) {}

  void add(Queue&& arrivals) noexcept;
  // Lets in who fits, and says who waits for the next step. Prompts of up to `soon` rows in all are read before texts go on that began
  // when they were there already: first tokens come first, and then all go on together, in full steps.
  Pace::Wait admit(int64_t soon);
  // About `rows` rows, at least one for everybody who runs and is not held.
  std::vector<Work> plan(int64_t rows);
  const std::vector<PageCopy>& copies() const { return copies_; }  // of the plan, in this order
  void copied() noexcept;                                          // they are done
  void computed(const Work& work, int64_t count);  // after the step, of which `count` rows hold: what is full is shared from now on
  void take_finished(Queue& into) noexcept;

  bool idle() const { return running_.empty() && waiting_.empty(); }
  bool none_finished() const noexcept;
  bool asks() const noexcept;            // somebody waits for an answer
  bool waits_for_mask() const noexcept;  // somebody does
  template <class F>
  void for_each(F f) const {
    for (const Queue* queue : {&running_, &waiting_})
      for (const auto& s : *queue) f(*s);
  }

 private:
  void take_back();
  bool take_pages(Sequence& s);
  void adopt(Sequence& s);
  bool may_reuse(const Sequence& s) const;
  bool decodes(const Sequence& s) const;
  bool holds(const Sequence& s) const;
  void preempt_last();
  void make_room(std::vector<Work>& work);
  void give_back(Sequence& s) noexcept;
  std::vector<Sequence*> prompts() const;
  std::vector<Work> texts_to_encode() const;
  void share_out(std::vector<Work>& work, std::span<Sequence* const> reading, int64_t rows, int64_t& results) const;
  void add_drafts(std::vector<Work>& work, int64_t rows, int64_t results) const;
  Work piece(Sequence& s, int64_t rows, int64_t& results) const;
  bool will_share(const Sequence& s, const Sequence& earlier) const;

  Cache& cache_;
  const Limits limits_;
  int64_t soon_ = 0;
  Queue running_, waiting_;
  std::vector<PageCopy> copies_;
  std::vector<Cache::Copy> found_;
};

}  // namespace lt::engine
