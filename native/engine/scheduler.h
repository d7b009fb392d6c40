// Which rows the next step computes: one of every request that generates, and pieces of the prompts of the others.
// Requests are served in the order they came. Where pages run out, the latest gives its own back and computes them again when
// there is room; the earliest always goes on, so all finish. Nothing here changes what a row's result is, only when it comes.
#pragma once
#include <list>
#include <memory>
#include <vector>

#include "engine/sequence.h"

namespace lt::engine {

// The sequence's next `count` tokens; the logits of the last `outputs` of them are wanted.
struct Work {
  Sequence* sequence;
  int64_t count;
  int64_t outputs;
};

// A page of the cache to be copied before the step, for this sequence.
struct PageCopy {
  Sequence* sequence;
  int32_t from, to;
};

// Nothing that is called after submission takes memory but plan() and computed(), which leave everything in order where they throw.
class Scheduler {
 public:
  using Queue = std::list<std::unique_ptr<Sequence>>;  // ascending by id

  // logit_rows: rows of logits a step beyond one a sequence.
  Scheduler(Pages& pages, int64_t sequences, int64_t logit_rows) : pages_(pages), sequences_(sequences), logit_rows_(logit_rows) {}

  void add(Queue&& arrivals) noexcept;
  // About `rows` rows, at least one for everybody who runs.
  std::vector<Work> plan(int64_t rows);
  const std::vector<PageCopy>& copies() const { return copies_; }  // of the plan, in this order
  void copied() noexcept;                                          // they are done
  void computed(const Work& work);                                 // after the step: what is full is shared from now on
  void take_finished(Queue& into) noexcept;

  bool idle() const { return running_.empty() && waiting_.empty(); }
  bool alone() const { return running_.size() + waiting_.size() <= 1; }
  bool none_finished() const noexcept;
  template <class F>
  void for_each(F f) const {
    for (const Queue* queue : {&running_, &waiting_})
      for (const auto& s : *queue) f(*s);
  }

 private:
  void admit();
  bool take_pages(Sequence& s);
  void adopt(Sequence& s);
  void grow();
  void preempt_last();
  void copy_beginning(Sequence& s, int64_t i);
  void give_back_pages(Sequence& s) noexcept;
  std::vector<Sequence*> prompts() const;
  bool same_page_next(const Sequence& a, const Sequence& b) const;

  Pages& pages_;
  int64_t sequences_, logit_rows_;
  Queue running_, waiting_;
  std::vector<PageCopy> copies_;
};

}  // namespace lt::engine
