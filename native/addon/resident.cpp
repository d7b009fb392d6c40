#include "addon/resident.h"

#include <algorithm>
#include <utility>

#include "addon/convert.h"
#include "addon/errors.h"
#include "convert/folder.h"
#include "core/available.h"

namespace lt::addon {

void Resident::run() {
  Error why(Code::disposed, Literal{"the model was disposed"});
  try {
    if (engine::rank_here() > 0) {
      follow();
    } else {
      load();
      serve();
    }
  } catch (...) {
    why = current_error();
    load_failure_.front().error = why;
    mailbox_->post(std::move(load_failure_));
  }
  engine_.reset();  // its last reports go out before the events below
  say_farewell(why);
}

// Fails what the engine never had, or could not tell the end of.
void Resident::say_farewell(const Error& why) noexcept {
  Events last;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    farewell_.front().ticket = dispose_ticket_;
    orders_.clear();
    for (auto& [ticket, active] : active_) {
      active.failure.front().error = why;
      last.splice(last.end(), active.failure);
    }
    active_.clear();
  }
  farewell_.front().last_of = number();
  last.splice(last.end(), farewell_);
  mailbox_->post(std::move(last));
}

void Resident::load() {
  double told = -1;
  const auto progress = [&](double fraction) {
    if (fraction - told >= 0.005 || (fraction >= 1 && told < 1)) {
      told = fraction;
      mailbox_->post({load_ticket_, "progress", [fraction](Napi::Env env) { return Napi::Number::New(env, fraction); }});
    }
    return !stopped_;
  };
  if (stopped_) throw Error(Code::disposed, "loading was stopped");
  const double reading = options_.mmap ? 0 : 0.9;  // of the time of loading: weights are read first
  const gguf::Access access{options_.mmap, available_memory(), [&](double fraction) { return progress(reading * fraction); }};
  const auto file = convert::open(path_, {.access = access});
  engine_ = engine::Engine::load(
      file, options_, [this](std::vector<engine::Report>&& reports) { receive(std::move(reports)); },
      [&](double fraction) { return progress(reading + (1 - reading) * fraction); });
  tokenizer_ = &engine_->tokenizer();
  mailbox_->post({load_ticket_, "loaded", [info = engine_->info()](Napi::Env env) { return to_js(env, info); }});
}

void Resident::follow() {
  follower_.run(path_, options_);
  mailbox_->post({load_ticket_, "followed", [](Napi::Env env) { return env.Undefined(); }});
}

void Resident::serve() {
  for (;;) {
    std::list<Order> order;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopped_ || !orders_.empty(); });
      if (stopped_) return;
      order.splice(order.end(), orders_, orders_.begin());
    }
    hand_over(order.front());
  }
}

void Resident::hand_over(Order& order) noexcept {
  uint64_t number = 0;
  try {
    const bool encodes = order.begin && engine_->info().has_encoder();  // a whole text, which nothing is to follow
    encode_prompt(*tokenizer_, order.segments, order.begin, encodes, order.request.prompt);
    order.request.tag = static_cast<uint64_t>(order.ticket);
    number = engine_->submit(std::move(order.request));
  } catch (...) {
    return fail(order.ticket, current_error());
  }
  bool aborted = false;
  std::optional<int32_t> answered;
  {
    const std::lock_guard lock(mutex_);
    const auto found = active_.find(order.ticket);
    if (found == active_.end()) return;  // it finished meanwhile
    found->second.request = number;
    aborted = found->second.aborted;
    answered = std::exchange(found->second.answer, std::nullopt);
  }
  if (answered) try {
      engine_->answer(number, *answered);
    } catch (...) {
      aborted = true;
    }
  if (aborted) engine_->abort(number);
}

void Resident::fail(double ticket, const Error& error) noexcept {
  Events failure;
  {
    const std::lock_guard lock(mutex_);
    const auto found = active_.find(ticket);
    if (found == active_.end()) return;
    failure = std::move(found->second.failure);
    active_.erase(found);
  }
  failure.front().error = error;
  mailbox_->post(std::move(failure));
}

bool Resident::wants_logprobs(double ticket) {
  const std::lock_guard lock(mutex_);
  const auto found = active_.find(ticket);
  return found != active_.end() && found->second.top_logprobs >= 0;
}

// Runs on the engine's thread, and nowhere else, so that the reports of a request are posted in their order. First everything that
// can fail, then what cannot: the engine delivers again what this did not take.
void Resident::receive(std::vector<engine::Report>&& reports) {
  Events events;
  std::vector<std::shared_ptr<engine::Report>> held;
  held.reserve(reports.size());
  for (const engine::Report& r : reports) {
    const auto ticket = static_cast<double>(r.tag);
    auto pieces = std::make_shared<ReportPieces>();
    if (wants_logprobs(ticket)) *pieces = pieces_of(r, *tokenizer_);
    const auto& report = held.emplace_back(std::make_shared<engine::Report>());
    events.push_back({ticket, "report", [report, pieces](Napi::Env env) { return to_js(env, *report, *pieces); }});
  }
  for (size_t i = 0; i < reports.size(); i++) *held[i] = std::move(reports[i]);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& r : held)
      if (r->finish != engine::Finish::none) active_.erase(static_cast<double>(r->tag));
  }
  mailbox_->post(std::move(events));
}

void Resident::submit(Order&& order) {
  engine();  // throws where disposed
  const double ticket = order.ticket;
  Active active;
  if (order.request.generates()) active.top_logprobs = order.request.generate().top_logprobs;
  active.failure.push_back({ticket, "failed", nullptr});
  std::list<Order> one;
  one.push_back(std::move(order));
  {
    const std::lock_guard lock(mutex_);
    if (ended_) throw Error(Code::disposed, Literal{"the model has ended: load it again to go on"});
    active_.emplace(ticket, std::move(active));
    orders_.splice(orders_.end(), one);
  }
  wake_.notify_one();
}

void Resident::answer(double ticket, int32_t id) {
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = active_.find(ticket);
    if (found == active_.end()) return;
    number = found->second.request;
    if (number == 0) found->second.answer = id;
  }
  if (number && !disposed_ && engine_) engine_->answer(number, id);
}

void Resident::abort(double ticket) {
  uint64_t number = 0;
  Events aborted;
  {
    const std::lock_guard lock(mutex_);
    const auto found = active_.find(ticket);
    if (found == active_.end()) return;
    const auto waiting = std::find_if(orders_.begin(), orders_.end(), [&](const Order& o) { return o.ticket == ticket; });
    if (waiting != orders_.end()) {
      orders_.erase(waiting);
      aborted = std::move(found->second.failure);
      active_.erase(found);
    } else {
      found->second.aborted = true;
      number = found->second.request;
    }
  }
  if (!aborted.empty()) {
    aborted.front().kind = "report";
    aborted.front().value = [](Napi::Env env) {
      engine::Report report;
      report.finish = engine::Finish::aborted;
      return to_js(env, report, {});
    };
    mailbox_->post(std::move(aborted));
  }
  if (number && !disposed_ && engine_) engine_->abort(number);
}

void Resident::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_one();
  if (engine::rank_here() > 0) follower_.stop();
}

void Resident::dispose(double ticket) {
  if (disposed_) return;
  disposed_ = true;
  {
    const std::lock_guard lock(mutex_);
    dispose_ticket_ = ticket;
  }
  stop();
}

const engine::Engine& Resident::engine() const {
  if (disposed_ || !engine_) throw Error(Code::disposed, "the model was disposed: load it again to go on");
  return *engine_;
}

}  // namespace lt::addon
