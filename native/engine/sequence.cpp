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
bool strips_space(const std::vector<int32_t>& prompt, const tokenize::Tokenizer& t) {
  return t.strips_first_space() && std::all_of(prompt.begin(), prompt.end(), [&](int32_t id) { return t.is_control(id); });
}

sample::ChainOptions sampling_of(const Request& r, const tokenize::Tokenizer& t) {
  sample::ChainOptions out = r.generates() ? r.generate().sampling : sample::ChainOptions{};
  out.text_of = [&t](int32_t id) { return id < t.size() ? t.piece(id, false) : std::string_view(); };
  return out;
}

// Of what generates nothing: as of a text without wishes.
Generate wishes(const Request& r) { return r.generates() ? r.generate() : Generate{}; }

}  // namespace

Sequence::Sequence(uint64_t number, Request asked, int64_t positions, const tokenize::Tokenizer& tokenizer, const Readout* readout)
    : id(number),
      request(std::move(asked)),
      tokens(request.prompt),
      held(Cache::root(request.salt)),
      tokenizer_(tokenizer),
      chain_(sampling_of(request, tokenizer)),
      limit_(tokens_to_generate(request, positions)),
      top_logprobs_(wishes(request).top_logprobs),
      ignore_end_(wishes(request).ignore_end),
      stops_(wishes(request).stop),
      strip_space_(strips_space(request.prompt, tokenizer)) {
  if (request.pools()) pooled_.emplace(std::get<Embed>(request.kind).pooling, readout);
  report_.request = id;
  report_.tag = request.tag;
  report_.prompt_tokens = prompt_length();
}

void Sequence::started() {
  if (!std::exchange(has_started_, true)) started_ = first_token_ = Clock::now();
}

void Sequence::prompt_read() {
  first_token_ = Clock::now();
  report_.cached_tokens = reused;
}

std::string_view Sequence::bytes_of(int32_t id) {
  std::string_view bytes = tokenizer_.piece(id, false);
  if (!bytes.empty() && std::exchange(strip_space_, false) && bytes.front() == ' ') bytes.remove_prefix(1);
  return bytes;
}

void Sequence::sample(std::span<const float> logits) {
  if (!sample::are_numbers(logits)) {
    damaged_ = true;
    throw Error(Code::format, "the logits behind token " + std::to_string(length()) +
                                  " of the text are not numbers: the model's file is damaged, or the backend computes it wrongly");
  }
  sample::Choice choice = chain_.choose(logits, tokens, top_logprobs_);
  if (report_.completion_tokens++ == 0) prompt_read();
  tokens.push_back(choice.id);
  if (!ignore_end_ && choice.id < tokenizer_.size() && tokenizer_.ends_generation(choice.id)) return finish(Finish::stop);
  report_.tokens.push_back({choice.id, choice.logprob, std::move(choice.top)});
  show(utf8_.push(bytes_of(choice.id)));
  if (stops_.met()) return finish(Finish::stop_string);
  if (report_.completion_tokens >= limit_) finish(limit_ == request.generate().max_tokens ? Finish::length : Finish::context);
}

void Sequence::draft(const Propose& propose) {
  drafts.clear();
  const int64_t most = limit_ - report_.completion_tokens - 1;  // each step gives one token more than it has right drafts
  if (most <= 0) return;
  propose(tokens, most, drafts);
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
  const bool reads_on = request.tells_reading && std::min(computed, prompt_length()) > told_read_;
  return reads_on || finished() || !report_.text.empty() || !report_.tokens.empty() || !report_.rows.empty();
}

Report Sequence::report() noexcept {
  Report next;
  next.request = id;
  next.tag = request.tag;
  next.prompt_tokens = report_.prompt_tokens;
  next.cached_tokens = report_.cached_tokens;
  next.completion_tokens = report_.completion_tokens;
  if (request.tells_reading) report_.prompt_read = told_read_ = std::max(told_read_, std::min(computed, prompt_length()));
  on_its_way_ = true;
  return std::exchange(report_, std::move(next));
}

void Sequence::put_back(Report&& r) noexcept {
  report_ = std::move(r);
  on_its_way_ = false;
}

}  // namespace lt::engine
