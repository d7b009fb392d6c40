// What a text's hidden rows become: dense layers behind the pooled row, and the head of a classifier or cross-encoder. A row a text, so it
// is computed on the host, in double and in a fixed order, and is the same behind every backend.
#pragma once
#include <memory>

#include "core/model.h"
#include "model/hyper.h"

namespace lt::model {

struct ReadoutOptions {
  Pooling ranks_by = Pooling::none;  // the row that is scored; none: the architecture has no such heads
  Act act = Act::tanh;               // behind the head's dense layer
  bool normed = false;               // a norm behind that
  bool shares = false;               // scores are shares of one (softmax)
};

bool gives_scores(const Loader& loader);  // the file has a head for scores

std::shared_ptr<const Readout> read_readout(Loader& loader, const Hyper& hyper, const ReadoutOptions& options);

}  // namespace lt::model
