#include "addon/mailbox.h"

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

void Mailbox::post(std::vector<Event>&& events) {
  if (events.empty()) return;
  const std::lock_guard lock(mutex_);
  if (!function_) return;
  for (Event& e : events) events_.push_back(std::move(e));
  if (woken_) return;
  woken_ = napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void Mailbox::post(Event&& event) {
  std::vector<Event> one;
  one.push_back(std::move(event));
  post(std::move(one));
}

void Mailbox::hold(Napi::Env env, bool alive) {
  const std::lock_guard lock(mutex_);
  if (!function_) return;
  alive ? napi_ref_threadsafe_function(env, function_) : napi_unref_threadsafe_function(env, function_);
}

void Mailbox::close() {
  std::vector<Event> dropped;  // freed after the lock: values may own anything
  const std::lock_guard lock(mutex_);
  if (!function_) return;
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
  function_ = nullptr;
  dropped.swap(events_);
}

std::vector<Event> Mailbox::take() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  return std::exchange(events_, {});
}

namespace {

// [ticket, kind, value]. A value that cannot be made, for want of memory say, fails its ticket instead of vanishing.
Napi::Value entry_of(Napi::Env env, const Event& event) {
  const char* kind = event.kind;
  Napi::Value value = env.Undefined();
  try {
    if (event.value) value = event.value(env);
  } catch (const Napi::Error& error) {
    kind = "failed";
    value = error.Value();
  } catch (...) {
    kind = "failed";
    value = to_js(env, current_error());
  }
  const Napi::Array entry = Napi::Array::New(env, 3);
  entry.Set(0u, Napi::Number::New(env, event.ticket));
  entry.Set(1u, Napi::String::New(env, kind));
  entry.Set(2u, value);
  return entry;
}

}  // namespace

// `raw` is null when the environment is being torn down.
void Mailbox::call(napi_env raw, napi_value, void* context, void*) {
  auto* box = static_cast<Mailbox*>(context);
  const std::vector<Event> events = box->take();
  const std::shared_ptr<Bridge> bridge = box->bridge_.lock();
  if (!raw || events.empty() || !bridge) return;
  const Napi::Env env(raw);
  const Bridge::Turn turn(*bridge);
  try {
    const Napi::Array batch = Napi::Array::New(env, events.size());
    for (uint32_t i = 0; i < events.size(); i++) batch.Set(i, entry_of(env, events[i]));
    bridge->deliver(env, batch);
  } catch (const Napi::Error&) {
    return;  // a worker that is being terminated runs no JavaScript any more
  }
}

}  // namespace lt::addon
