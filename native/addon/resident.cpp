#include "addon/resident.h"

#include <algorithm>

#include "addon/convert.h"
#include "addon/errors.h"
#include "convert/folder.h"
#include "engine/available.h"

namespace lt::addon {

void Resident::run() {
  try {
    if (engine::rank_here() > 0) {
      follow();
    } else {
      load();
      serve();
    }
  } catch (...) {
    fail(load_ticket_);
  }
  engine_.reset();  // its last reports go out before the event below
  const uint64_t me = number();
  mailbox_->post({dispose_ticket_, "disposed", [me](Napi::Env env) -> Napi::Value {
                    Bridge::of(env).retire(me);
                    return env.Undefined();
                  }});
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
  const gguf::Access access{options_.mmap, engine::available_memory(), [&](double fraction) { return progress(reading * fraction); }};
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
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopped_ || !orders_.empty(); });
    if (stopped_) break;
    Order order = std::move(orders_.front());
    orders_.pop_front();
    lock.unlock();
    hand_over(order);
  }
  const std::lock_guard lock(mutex_);
  for (const Order& order : orders_) {
    mailbox_->post({order.ticket, "failed", [](Napi::Env env) { return to_js(env, Error(Code::disposed, "the model was disposed")); }});
  }
}

void Resident::hand_over(Order& order) {
  uint64_t number = 0;
  try {
    encode_prompt(*tokenizer_, order.segments, order.begin, order.request.prompt);
    number = engine_->submit(std::move(order.request));
  } catch (...) {
    fail(order.ticket);
    const std::lock_guard lock(mutex_);
    active_.erase(order.ticket);
    return;
  }
  std::vector<engine::Report> early;
  bool aborted = false;
  {
    const std::lock_guard lock(mutex_);
    active_[order.ticket].request = number;
    aborted = active_[order.ticket].aborted;
    tickets_[number] = order.ticket;
    if (const auto found = early_.find(number); found != early_.end()) {
      early = std::move(found->second);
      early_.erase(found);
    }
  }
  if (aborted) engine_->abort(number);
  receive(std::move(early));
}

void Resident::fail(double ticket) {
  mailbox_->post({ticket, "failed", [error = current_error()](Napi::Env env) { return to_js(env, error); }});
}

// Runs on the engine's thread; once, for early reports, on this one.
void Resident::receive(std::vector<engine::Report>&& reports) {
  std::vector<Event> events;
  {
    const std::lock_guard lock(mutex_);
    for (engine::Report& r : reports) {
      const auto ticket = tickets_.find(r.request);
      if (ticket == tickets_.end()) {
        early_[r.request].push_back(std::move(r));
        continue;
      }
      const double name = ticket->second;
      const bool last = r.finish != engine::Finish::none;
      events.push_back(event_of(name, active_[name], std::move(r)));
      if (!last) continue;
      active_.erase(name);
      tickets_.erase(ticket);
    }
  }
  mailbox_->post(std::move(events));
}

Event Resident::event_of(double ticket, const Active& active, engine::Report&& report) const {
  auto pieces = std::make_shared<ReportPieces>();
  if (active.top_logprobs >= 0) *pieces = pieces_of(report, *tokenizer_);
  auto held = std::make_shared<engine::Report>(std::move(report));
  return {ticket, "report", [held, pieces](Napi::Env env) { return to_js(env, *held, *pieces); }};
}

void Resident::submit(Order&& order) {
  engine();  // throws where disposed
  {
    const std::lock_guard lock(mutex_);
    active_[order.ticket].top_logprobs = order.request.top_logprobs;
    orders_.push_back(std::move(order));
  }
  wake_.notify_one();
}

void Resident::abort(double ticket) {
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = active_.find(ticket);
    if (found == active_.end()) return;
    const auto waiting = std::find_if(orders_.begin(), orders_.end(), [&](const Order& o) { return o.ticket == ticket; });
    if (waiting != orders_.end()) {
      orders_.erase(waiting);
      active_.erase(found);
      engine::Report report;
      report.finish = engine::Finish::aborted;
      mailbox_->post({ticket, "report", [report](Napi::Env env) { return to_js(env, report, {}); }});
      return;
    }
    found->second.aborted = true;
    number = found->second.request;
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
  dispose_ticket_ = ticket;
  stop();
}

const engine::Engine& Resident::engine() const {
  if (disposed_ || !engine_) throw Error(Code::disposed, "the model was disposed: load it again to go on");
  return *engine_;
}

}  // namespace lt::addon
