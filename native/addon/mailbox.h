// The one way from other threads into JavaScript: events gather in a queue, and one thread-safe function, woken once
// however many have gathered, hands them over as an array.
#pragma once
#include <napi.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

#include "core/error.h"

namespace lt::addon {

class Bridge;

// What is said about a request of JavaScript, which named it by a ticket. `value` is made on the JavaScript thread.
struct Event {
  double ticket;
  const char* kind;
  std::function<Napi::Value(Napi::Env)> value;
  std::optional<Error> error = std::nullopt;  // the value, where there is one
  uint64_t last_of = 0;                       // the task whose last word it is
};
// Made of one node each, so that an event that was made ahead can be posted where memory is lacking.
using Events = std::list<Event>;

class Mailbox {
 public:
  // `bridge` is given arrays of [ticket, kind, value] to deliver. Does not keep the process alive until hold(true).
  static std::shared_ptr<Mailbox> open(Napi::Env env, std::weak_ptr<Bridge> bridge);

  void post(Events&& events) noexcept;  // any thread; once closed, events are dropped
  void post(Event&& event);
  void hold(Napi::Env env, bool alive);  // JavaScript thread, as are the others
  void close();

 private:
  static void call(napi_env env, napi_value, void* context, void* data);
  Events take() noexcept;

  std::weak_ptr<Bridge> bridge_;  // JavaScript thread only
  std::mutex mutex_;
  Events events_;
  bool woken_ = false;
  napi_threadsafe_function function_ = nullptr;  // null: closed
};

}  // namespace lt::addon
