#include "engine/sequence.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sample/logprobs.h"

namespace lt::engine {
namespace {

double milliseconds(Clock::time_point from, Clock::time_point to) { return std::chrono::duration<double, std::milli>(to - from).count(); }

int64_t tokens_to_generate(const Request& r, int64_t positions) {
  if (!r.generates()) return 0;
  const int64_t room = positions - static_cast<int64_t>(r.prompt.size());
  return r.generate().max_tokens < 0 ? room : std::min(r.generate().max_tokens, room);
}

// The text shown is decode(prompt + completion) less decode(prompt), so a space is stripped only where the prompt says nothing.
bool strips_space(std::span<const int32_t> prompt, const tokenize::Tokenizer& t) {
  return t.strips_first_space() && std::all_of(prompt.begin(), prompt.end(), [&](int32_t id) { return t.is_control(id); });
}

sample::ChainOptions sampling_of(const Request& r, const tokenize::Tokenizer& t) {
  sample::ChainOptions out = r.generates() ? r.generate().sampling : sample::ChainOptions{};
  out.takes_back = r.generates() && !r.generate().banned.empty();
  out.text_of = [&t](int32_t id) { return id < t.size() ? t.piece(id, false) : std::string_view(); };
  return out;
}

// Of what generates nothing: as of a text without wishes.
Generate wishes(const Request& r) { return r.generates() ? r.generate() : Generate{}; }

}  // namespace

Sequence::Sequence(uint64_t number, Request asked, int64_t positions, const tokenize::Tokenizer& tokenizer, const Readout* readout,
                   std::shared_ptr<grammar::Masks> masks)
    : id(number),
      request(std::move(asked)),
      tokens(request.prompt),
      held(Cache::root(request.salt), whole_pages(request.encoded)),
      tokenizer_(tokenizer),
      chain_(sampling_of(request, tokenizer)),
      limit_(tokens_to_generate(request, positions)),
      top_logprobs_(wishes(request).top_logprobs),
      ignore_end_(wishes(request).ignore_end),
      spell_controls_(wishes(request).spell_controls),
      stops_(wishes(request).stop),
      strip_space_(strips_space(text(), tokenizer)) {
  if (masks) bound_.emplace(std::move(masks), request.generate().bound, tokenizer);
  if (request.generates() && !request.generate().banned.empty()) banned_.emplace(request.generate().banned);
  if (request.pools()) pooled_.emplace(std::get<Embed>(request.kind).pooling, readout);
  report_.request = id;
  report_.tag = request.tag;
  report_.complete = !bound_;
  report_.prompt_tokens = tokens_within(prompt_length());
}

void Sequence::started() {
  if (!std::exchange(has_started_, true)) started_ = first_token_ = Clock::now();
}

void Sequence::prompt_read() {
  if (std::exchange(prompt_read_, true)) return;
  first_token_ = Clock::now();
  report_.cached_tokens = tokens_within(reused);
}

std::string_view Sequence::bytes_of(int32_t id) {
  std::string_view bytes = tokenizer_.piece(id, spell_controls_);
  if (!bytes.empty() && std::exchange(strip_space_, false) && bytes.front() == ' ') bytes.remove_prefix(1);
  return bytes;
}

void Sequence::sample(std::span<const float> logits) {
  if (!sample::are_numbers(logits)) {
    damaged_ = true;
    throw Error(Code::format, "the logits behind token " + std::to_string(std::ssize(text())) +
                                  " of the text are not numbers: the model's file is damaged, or the backend computes it wrongly");
  }
  prompt_read();
  const std::span<const uint64_t> allowed = bound_ ? bound_->allowed() : std::span<const uint64_t>();
  if (!request.generate().asks) {
    sample::Choice choice = chain_.choose(logits, text(), top_logprobs_, allowed);
    return take({choice.id, choice.logprob, std::move(choice.top)});
  }
  if (asks_) return;  // it was sent back and computed this again
  report_.logits = chain_.ask(logits, allowed);
  asks_ = true;
}

void Sequence::answer(int32_t id) {
  if (!asks()) return;
  asks_ = false;
  chain_.answered(id);
  take({id, 0, {}});
}

void Sequence::take(TokenOut token) {
  const int32_t id = token.id;
  report_.completion_tokens++;
  tokens.push_back(id);
  const bool ends = !ignore_end_ && id < tokenizer_.size() && tokenizer_.ends_generation(id);
  if (!ends) {
    const bool strips = strip_space_;
    held_tokens_.push_back({std::move(token), std::string(bytes_of(id)), strips, bound_ ? bound_->place() : BoundText::Place{}});
    if (bound_) bound_->take(id);
    if (banned_) banned_->push(held_tokens_.back().bytes);
    if (banned_ && (from_ = banned_->found())) return;
  }
  const bool whole = !ends && bound_ && bound_->ended();
  const bool last = ends || whole || report_.completion_tokens >= limit_;
  let_go(last || !banned_ ? held_tokens_.size() : banned_->ready());
  if (finished()) return void(report_.completion_tokens -= ends);  // by a stop string before it
  if (ends || whole) return finish(Finish::stop);
  if (last) finish(limit_ == request.generate().max_tokens ? Finish::length : Finish::context);
}

// The first tokens that wait become text.
void Sequence::let_go(size_t count) {
  for (size_t i = 0; i < count; i++) {
    report_.tokens.push_back(std::move(held_tokens_[i].token));
    show(utf8_.push(held_tokens_[i].bytes));
    if (!stops_.met()) continue;
    report_.completion_tokens -= std::ssize(held_tokens_) - static_cast<int64_t>(i) - 1;  // what was chosen behind it is not told
    return finish(Finish::stop_string);
  }
  if (banned_) banned_->pop(count);
  held_tokens_.erase(held_tokens_.begin(), held_tokens_.begin() + static_cast<int64_t>(count));
}

void Sequence::prepare_mask(MaskMaker& maker) {
  if (bound_ && !finished() && !takes_back()) mask_ = bound_->prepare(maker);
}

void Sequence::take_back() {
  const size_t from = *std::exchange(from_, std::nullopt), steps = held_tokens_.size() - from;
  chain_.take_back(steps, held_tokens_[from].token.id);
  strip_space_ = held_tokens_[from].strip_space;
  if (bound_) bound_->back_to(std::move(held_tokens_[from].place));
  mask_ = nullptr;
  report_.completion_tokens -= static_cast<int64_t>(steps);
  tokens.resize(tokens.size() - steps);
  held_tokens_.erase(held_tokens_.begin() + static_cast<int64_t>(from), held_tokens_.end());
  banned_->keep(from);
  drafts.clear();
}

void Sequence::draft(const Propose& propose) {
  drafts.clear();
  const int64_t most = limit_ - report_.completion_tokens - 1;  // each step gives one token more than it has right drafts
  if (most <= 0 || request.generate().asks) return;
  if (bound_) drafts = bound_->forced(tokens);
  if (drafts.empty() && propose) propose(text(), most, drafts);
  const auto known = [&](int32_t id) { return id >= 0 && id < tokenizer_.size(); };
  drafts.erase(std::find_if_not(drafts.begin(), drafts.end(), known), drafts.end());
  if (std::ssize(drafts) > most) drafts.resize(static_cast<size_t>(most));
}

void Sequence::show(std::string text) { report_.text += stops_.push(text); }

void Sequence::take_row(int64_t place, std::span<const float> row) {
  if (place < rows_) return;
  rows_ = place + 1;
  pooled_ ? pooled_->take(row) : void(report_.rows.insert(report_.rows.end(), row.begin(), row.end()));
}

void Sequence::prompt_done() {
  if (pooled_) report_.rows = pooled_->result();
  prompt_read();
  finish(Finish::length);
}

// Why it ends is written last: until then it can fail.
void Sequence::finish(Finish why) {
  if (why != Finish::stop_string) {
    // A model that ends its text inside a character has written bytes that are none; one that was cut off there has not.
    why == Finish::stop ? show(utf8_.finish()) : void(report_.cut_character = utf8_.pending());
    report_.text += stops_.finish();
    if (stops_.met()) why = Finish::stop_string;
  }
  if (stops_.met()) report_.stop_string = *stops_.met();
  if (bound_) report_.complete = !stops_.met() && (why == Finish::stop || bound_->whole());
  end(why);
}

void Sequence::end(Finish why) noexcept {
  report_.finish = why;
  const Clock::time_point now = Clock::now();
  report_.queued_ms = milliseconds(submitted_, has_started_ ? started_ : now);
  if (!has_started_) return;
  report_.prefill_ms = milliseconds(started_, report_.completion_tokens || why == Finish::length ? first_token_ : now);
  report_.decode_ms = report_.completion_tokens ? milliseconds(first_token_, now) : 0;
}

void Sequence::fail(Error error) noexcept {
  report_.text.clear();
  report_.tokens.clear();
  report_.rows.clear();
  report_.logits.clear();
  report_.error = std::move(error);
  on_its_way_ = false;
  end(Finish::failed);
}

void Sequence::abort() noexcept {
  try {
    report_.text += stops_.finish();
  } catch (...) {  // the end of a text that nobody waits for
  }
  end(Finish::aborted);
}

bool Sequence::has_news() const {
  const bool reads_on = request.tells_reading && tokens_within(std::min(computed, prompt_length())) > told_read_;
  return reads_on || finished() || !report_.text.empty() || !report_.tokens.empty() || !report_.rows.empty() || !report_.logits.empty();
}

Report Sequence::report() noexcept {
  Report next;
  next.request = id;
  next.tag = request.tag;
  next.prompt_tokens = report_.prompt_tokens;
  next.cached_tokens = report_.cached_tokens;
  next.completion_tokens = report_.completion_tokens;
  next.complete = report_.complete;
  if (request.tells_reading) report_.prompt_read = told_read_ = std::max(told_read_, tokens_within(std::min(computed, prompt_length())));
  on_its_way_ = true;
  return std::exchange(report_, std::move(next));
}

void Sequence::put_back(Report&& r) noexcept {
  report_ = std::move(r);
  on_its_way_ = false;
}

}  // namespace lt::engine
