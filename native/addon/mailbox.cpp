#include "addon/mailbox.h"

#include <utility>

#include "addon/bridge.h"
#include "addon/errors.h"

namespace lt::addon {

std::shared_ptr<Mailbox> Mailbox::open(Napi::Env env, std::weak_ptr<Bridge> bridge) {
  auto box = std::make_shared<Mailbox>();
  box->bridge_ = std::move(bridge);
  // The function outlives the environment's own data by a turn of the event loop, so it holds the box itself.
  auto* held = new std::shared_ptr<Mailbox>(box);
  const auto forget = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Mailbox>*>(data); };
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "llama-ts"), 0, 1, held, forget,
                                                             box.get(), &Mailbox::call, &box->function_);
  if (status != napi_ok) {
    delete held;
    throw Napi::Error::New(env, "the thread-safe function could not be made");
  }
  napi_unref_threadsafe_function(env, box->function_);
  return box;
}

void Mailbox::post(Events&& events) noexcept {
  if (events.empty()) return;
  const std::lock_guard lock(mutex_);
  if (!function_) return;
  events_.splice(events_.end(), events);
  if (woken_) return;
  woken_ = napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void Mailbox::post(Event&& event) {
  Events one;
  one.push_back(std::move(event));
  post(std::move(one));
}

void Mailbox::hold(Napi::Env env, bool alive) {
  const std::lock_guard lock(mutex_);
  if (!function_) return;
  alive ? napi_ref_threadsafe_function(env, function_) : napi_unref_threadsafe_function(env, function_);
}

void Mailbox::close() {
  Events dropped;  // freed after the lock: values may own anything
  const std::lock_guard lock(mutex_);
  if (!function_) return;
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
  function_ = nullptr;
  dropped.swap(events_);
}

Events Mailbox::take() noexcept {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  return std::exchange(events_, {});
}

namespace {

// By calls that neither throw nor run JavaScript.
napi_value plain_error(napi_env env) noexcept {
  napi_value text = nullptr, error = nullptr;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) napi_get_and_clear_last_exception(env, &error);
  napi_create_string_utf8(env, "the result could not be made: memory is lacking", NAPI_AUTO_LENGTH, &text);
  napi_create_error(env, nullptr, text, &error);
  return error;
}

// Inside a catch block: what is being caught.
napi_value failure(Napi::Env env) noexcept {
  try {
    try {
      throw;
    } catch (const Napi::Error& error) {
      return error.Value();
    } catch (...) {
      return to_js(env, current_error());
    }
  } catch (...) {
    return plain_error(env);
  }
}

// [ticket, kind, value]. A value that cannot be made, for want of memory say, fails its ticket instead of vanishing.
napi_value entry_of(Napi::Env env, const Event& event) noexcept {
  const char* kind = event.kind;
  napi_value entry = nullptr, ticket = nullptr, name = nullptr, value = nullptr;
  try {
    if (event.last_of) Bridge::of(env).retire(event.last_of);
    value = event.error ? to_js(env, *event.error) : event.value ? event.value(env) : env.Undefined();
  } catch (...) {
    kind = "failed";
    value = failure(env);
  }
  napi_create_array_with_length(env, 3, &entry);
  napi_create_double(env, event.ticket, &ticket);
  napi_create_string_utf8(env, kind, NAPI_AUTO_LENGTH, &name);
  napi_set_element(env, entry, 0, ticket);
  napi_set_element(env, entry, 1, name);
  napi_set_element(env, entry, 2, value);
  return entry;
}

}  // namespace

// `raw` is null when the environment is being torn down.
void Mailbox::call(napi_env raw, napi_value, void* context, void*) {
  auto* box = static_cast<Mailbox*>(context);
  const Events events = box->take();
  const std::shared_ptr<Bridge> bridge = box->bridge_.lock();
  napi_value batch = nullptr;
  if (!raw || events.empty() || !bridge || napi_create_array_with_length(raw, events.size(), &batch) != napi_ok) return;
  const Napi::Env env(raw);
  const Bridge::Turn turn(*bridge);
  uint32_t i = 0;
  for (const Event& event : events) napi_set_element(raw, batch, i++, entry_of(env, event));
  try {
    bridge->deliver(env, Napi::Array(env, batch));
  } catch (const Napi::Error&) {
    return;  // a worker that is being terminated runs no JavaScript any more
  }
}

}  // namespace lt::addon
