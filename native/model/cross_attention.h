// Attention of a decoder's rows to the text that an encoder has read. Keys and values are made of the encoder's rows, once a text, and lie
// in the layer's cache at the text's places, before those of the decoder.
#pragma once
#include "model/attention.h"
#include "model/linear.h"

namespace lt::model {

class CrossAttention : public Mixer {
 public:
  CrossAttention(Loader& loader, int64_t layer, const Hyper& hyper, const Heads& heads, double scale);

  LayerShape keeps() const override;
  int64_t heads() const override { return q_heads_.count; }
  // Keeps the keys and values of encoded rows x (n, width), whose places `rows` says.
  void take(Ops& ops, Tensor x, const LayerMemory& memory, const Rows& rows) const;
  // Of the decoder's rows, which see of the text what Rows::across says.
  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override;

 private:
  Heads whole_;
  HeadCut cut_;
  Range q_heads_, kv_heads_;  // of this rank
  Linear q_, k_, v_, out_;
  Attend attend_;
};

}  // namespace lt::model
