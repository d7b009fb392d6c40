// One request from submission to its last report: its tokens, its pages, its text and its sampler.
#pragma once
#include <chrono>
#include <optional>
#include <vector>

#include "engine/banned_text.h"
#include "engine/bound_text.h"
#include "engine/cache.h"
#include "engine/engine.h"
#include "engine/pooled.h"
#include "engine/stop_text.h"

namespace lt::engine {

using Clock = std::chrono::steady_clock;

class Sequence {
 public:
  // `positions`: how many tokens of prompt and completion the context holds. `request` as ready() of engine/request.h made it.
  // readout: the model's, or null. masks: of what the request is bound to, or null.
  Sequence(uint64_t id, Request request, int64_t positions, const tokenize::Tokenizer& tokenizer, const Readout* readout = nullptr,
           std::shared_ptr<grammar::Masks> masks = nullptr);

  const uint64_t id;
  const Request request;
  std::vector<int32_t> tokens;  // prompt, then what was generated
  int64_t computed = 0;         // tokens whose keys and values are in the pages
  int64_t reused = 0;           // of them, those that others computed
  uint64_t began_with = 0;      // the latest request that ran behind its first token; 0: none came yet
  bool awaits_copy = false;     // some of them are still to be copied from another's page
  Cache::Holding held;          // of the cache
  std::vector<int32_t> drafts;  // guesses of what comes behind the tokens

  int64_t length() const { return static_cast<int64_t>(tokens.size()); }
  int64_t prompt_length() const { return static_cast<int64_t>(request.prompt.size()); }
  // Of so many places from the first on, those of tokens: a text that is encoded ends within a page, the next begins one.
  int64_t tokens_within(int64_t places) const {
    return places < held.whole ? std::min(places, request.encoded) : places - held.whole + request.encoded;
  }
  int64_t uncomputed() const { return length() - computed; }
  bool encodes() const { return computed < held.whole; }  // its next step is that of its encoded text
  std::span<const int32_t> text() const { return std::span(tokens).subspan(static_cast<size_t>(held.whole)); }  // without that
  bool generates() const { return limit_ > 0; }
  bool wants_each_row() const { return !request.generates() && !wants_last_row(); }
  bool wants_last_row() const { return pooled_ && pooled_->last_alone(); }  // and no other
  // Of a place behind the tokens, the guess.
  int32_t token(int64_t place) const {
    return place < length() ? tokens[static_cast<size_t>(place)] : drafts[static_cast<size_t>(place - length())];
  }

  void started();  // its first step begins
  // The next token from the logits of the last one. Throws Code::format where they are not numbers.
  void sample(std::span<const float> logits);
  void answer(int32_t id);  // what the caller chose from the logits that it was given; what was not asked is ignored
  bool asks() const { return asks_ && !finished(); }  // it waits for that
  // A banned string came. Its pages are given back before take_back(), after which it goes on from the token in which the string began.
  bool takes_back() const { return from_.has_value() && !finished(); }
  void take_back();
  bool bound() const { return bound_.has_value(); }
  // What may come next takes long to find out, and others go on without it.
  bool waits_for_mask() const { return mask_ && !mask_->load(); }
  void prepare_mask(MaskMaker& maker);  // behind a token that was taken
  void draft(const Propose& propose);   // anew: what has to come, or else guesses, where there is someone who makes them
  void take_row(int64_t place, std::span<const float> row);  // what was taken before, and is computed again, counts once
  void prompt_done();                                        // nothing is to be generated
  // These two take no memory and cannot fail. What was not told yet is dropped by fail().
  void fail(Error error) noexcept;
  void abort() noexcept;

  bool finished() const { return report_.finish != Finish::none; }
  bool damaged() const { return damaged_; }  // its logits were not numbers, so what it computed is of no use to others
  bool has_news() const;
  Report report() noexcept;  // since the last one
  // Between report() and one of these its report is on its way.
  void delivered() noexcept { on_its_way_ = false; }
  void put_back(Report&& r) noexcept;
  bool on_its_way() const { return on_its_way_; }

 private:
  // A token that was chosen and is not in the text yet.
  struct Held {
    TokenOut token;
    std::string bytes;
    bool strip_space;        // as it was before it
    BoundText::Place place;  // the same
  };

  void take(TokenOut token);
  void let_go(size_t tokens);
  void finish(Finish why);
  void end(Finish why) noexcept;
  void prompt_read();
  void show(std::string text);
  std::string_view bytes_of(int32_t id);

  const tokenize::Tokenizer& tokenizer_;
  sample::Chain chain_;
  int64_t limit_;  // tokens to generate
  int top_logprobs_;
  bool ignore_end_, spell_controls_;
  tokenize::Utf8Stream utf8_;
  StopText stops_;
  bool strip_space_;  // of the next text: nothing was said before it
  std::optional<BannedText> banned_;
  std::vector<Held> held_tokens_;  // while a banned string may begin in them
  std::optional<size_t> from_;     // of them, the one that is to be taken back with all behind it
  std::optional<BoundText> bound_;
  MaskMaker::Ready mask_;  // of what may come next, where it is long in the making
  bool asks_ = false, prompt_read_ = false;
  std::optional<Pooled> pooled_;
  int64_t rows_ = 0;       // taken
  int64_t told_read_ = 0;  // of the prompt
  Report report_;
  Clock::time_point submitted_ = Clock::now(), started_, first_token_;
  bool has_started_ = false, damaged_ = false, on_its_way_ = false;
};

}  // namespace lt::engine
