// Which rows the next step computes: one of every request that generates, and pieces of the prompts of the others.
// Requests are served in the order they came. Where pages run out, the latest gives its own back and computes them again when
// there is room; the earliest always goes on, so all finish. Nothing here changes what a row's result is, only when it comes.
#pragma once
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

class Scheduler {
 public:
  // logit_rows: rows of logits a step beyond one a sequence.
  Scheduler(Pages& pages, int64_t sequences, int64_t logit_rows) : pages_(pages), sequences_(sequences), logit_rows_(logit_rows) {}

  void add(std::unique_ptr<Sequence> s);
  // About `rows` rows, at least one for everybody who runs.
  std::vector<Work> plan(int64_t rows);
  void computed(const Work& work);  // after the step: what is full is shared from now on
  std::vector<std::unique_ptr<Sequence>> take_finished();

  bool idle() const { return running_.empty() && waiting_.empty(); }
  bool alone() const { return running_.size() + waiting_.size() <= 1; }
  Sequence* find(uint64_t id) const;
  std::vector<Sequence*> all() const;

 private:
  using Queue = std::vector<std::unique_ptr<Sequence>>;  // ascending by id

  void admit();
  bool take_pages(Sequence& s);
  void adopt(Sequence& s);
  void grow();
  void preempt_last();
  void give_back_pages(Sequence& s);
  std::vector<Sequence*> prompts() const;
  bool same_page_next(const Sequence& a, const Sequence& b) const;

  Pages& pages_;
  int64_t sequences_, logit_rows_;
  Queue running_, waiting_;
};

}  // namespace lt::engine
