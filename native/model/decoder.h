// A model of layers between a token table and a head. An architecture's file says what its layers are made of; where those are attention
// and then a feed-forward or experts, each behind a norm, it says what differs.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "model/attention.h"
#include "model/experts.h"
#include "model/feed_forward.h"
#include "model/layer.h"
#include "model/linear.h"
#include "model/model.h"
#include "model/readout.h"
#include "model/rope.h"

namespace lt::model {

struct EndOptions {
  float embedding_scale = 1;         // of tokens' rows, not of those that are given
  bool positions = false;            // position_embd has a row a place, which is added
  std::string embedding_norm = {};   // its name; empty: none
  bool types = false;                // token_types has a row for each text of a sequence
  std::string norm = "output_norm";  // of the final rows; empty: none
  float norm_eps = 0;                // 0: as other norms
  bool head = true;                  // logits of the final rows, else these are the result
  float logit_scale = 1;
  float logit_cap = 0;       // logits z become cap * tanh(z / cap); 0: they stay
  int64_t axes = 1;          // places that turn a row
  bool looks_ahead = false;  // rows see places behind them
  ReadoutOptions readout = {};
};

// Before and behind the layers. A file without an output matrix ties it to the token table.
class Ends {
 public:
  Ends(Loader& loader, const Hyper& hyper, const EndOptions& options);
  Shape shape() const;  // without layers
  void embed(Ops& ops, Tensor x, const Rows& rows) const;
  void hidden(Ops& ops, Tensor h, Tensor x, const Rows& rows) const;  // rows that are wanted, normed
  void norm(Ops& ops, Tensor h) const {
    if (norm_) ops.norm(h, h, *norm_);
  }
  void head(Ops& ops, Tensor logits, Tensor h, const Rows& rows) const;
  const std::shared_ptr<const Readout>& readout() const { return readout_; }

 private:
  EndOptions options_;
  Shape shape_;
  Tensor table_, positions_, types_;
  LowRank table_low_;
  std::optional<Norm> embedding_norm_, norm_;
  Linear out_;
  std::shared_ptr<const Readout> readout_;
};

// layer: the steps of layer i, read in order.
std::unique_ptr<Model> decoder(Loader& loader, const Hyper& hyper, const EndOptions& ends,
                               const std::function<std::vector<Step>(int64_t i)>& layer);

// Whether layer i has experts, of a file that has any: leading layers may be dense, and so may all but every so many.
bool is_sparse(const Loader& loader, int64_t i);

// How a layer's attention and feed-forward follow one another.
enum class Residual : uint8_t {
  in_turn,         // norm, attention, added; norm, feed-forward, added
  side_by_side,    // both read the same rows, each by its norm
  behind_one_norm  // both read the same rows by attn_norm
};

// Norm, attention, norm, feed-forward: dense, or of experts where the file has them and `experts` says how.
struct DecoderOptions {
  AttentionOptions attention = {};
  std::function<void(int64_t i, AttentionOptions& attention)> vary = {};  // what layer i has otherwise
  RopeOptions rope = {};
  std::optional<ExpertsOptions> experts = {};
  FeedForwardOptions feed_forward = {};
  std::string second_norm = "ffn_norm";
  EndOptions ends = {};
  bool centred = false, weightless = false;  // of Hyper
  bool rotates = true;                       // q and k
  Residual residual = Residual::in_turn;
  float residual_scale = 1;  // of what a layer adds to its rows
};
std::unique_ptr<Model> decoder(Loader& loader, const DecoderOptions& options);

// For `vary`: the layers that attention.sliding_window_pattern names have a window of attention.sliding_window, where there is one.
std::function<void(int64_t i, AttentionOptions& attention)> windows_by_layer(const Loader& loader);

}  // namespace lt::model
