#include "addon/bridge.h"

#include <utility>

#include "core/error.h"

namespace lt::addon {

namespace {

constexpr const char* receiver_name = "receiver";

void at_cleanup(void* bridge) { static_cast<Bridge*>(bridge)->shut_down(); }

}  // namespace

thread_local Bridge* Bridge::current_ = nullptr;
thread_local Bridge* Bridge::first_ = nullptr;

std::shared_ptr<Bridge> Bridge::open(Napi::Env env, const Napi::Object& exports, const Napi::Object& receiver) {
  const std::shared_ptr<Bridge> bridge(new Bridge(env));
  exports.DefineProperty(Napi::PropertyDescriptor::Value(receiver_name, receiver, napi_default));
  bridge->exports_ = Napi::Weak(exports);
  bridge->mailbox_ = Mailbox::open(env, bridge);
  bridge->closed_ = false;
  bridge->next_ = first_;
  if (first_) first_->previous_ = bridge.get();
  first_ = bridge.get();
  // Hooks run last in, first out: set after the thread-safe function, this one finds it alive.
  napi_add_env_cleanup_hook(env, at_cleanup, bridge.get());
  return bridge;
}

Bridge::~Bridge() { shut_down(); }

Bridge& Bridge::of(Napi::Env) {
  if (!current_) throw Error(Code::internal, "nothing of lib runs");
  return *current_;
}

Napi::Object Bridge::receiver() const {
  const Napi::Object exports = exports_.Value();
  return exports.IsEmpty() ? Napi::Object() : exports.Get(receiver_name).As<Napi::Object>();
}

Napi::Value Bridge::make_error(Napi::Env env, const char* code, const char* message) {
  const Napi::String text = Napi::String::New(env, message);
  const Napi::Object receiver = current_ ? current_->receiver() : Napi::Object();
  if (receiver.IsEmpty()) return Napi::Error::New(env, text).Value();
  return receiver.Get("makeError").As<Napi::Function>().Call({Napi::String::New(env, code), text});
}

const std::shared_ptr<Mailbox>& Bridge::mailbox() const {
  if (closed_) throw Error(Code::disposed, "the process or worker is exiting");
  return mailbox_;
}

void Bridge::hold(Napi::Env env, bool alive) {
  if (closed_ || alive == std::exchange(held_, alive)) return;
  alive ? exports_.Ref() : exports_.Unref();
  mailbox_->hold(env, alive);
}

void Bridge::deliver(Napi::Env env, const Napi::Value& events) const {
  const Napi::Object to = receiver();
  if (to.IsEmpty()) return;
  napi_value argument = events;
  napi_call_function(env, to, to.Get("deliver"), 1, &argument, nullptr);  // what it throws is an uncaught exception of Node's
}

void Bridge::start(std::shared_ptr<Task> task) {
  task->number_ = ++started_;
  tasks_[task->number_] = task;
  try {
    task->bridge_ = shared_from_this();
    task->thread_ = std::thread([t = task.get()] { t->run(); });
  } catch (...) {
    task->bridge_.reset();
    tasks_.erase(task->number_);
    throw;
  }
}

void Bridge::retire(uint64_t number) {
  const auto found = tasks_.find(number);
  if (found == tasks_.end()) return;
  const std::shared_ptr<Task> task = std::move(found->second);
  tasks_.erase(found);
  task->thread_.join();
  task->bridge_.reset();
}

void Bridge::stop_all() {
  for (auto& [number, task] : tasks_) task->stop();
}

void Bridge::shut_down() {
  const auto self = weak_from_this().lock();  // the last task may hold this bridge, and nothing else; empty in the destructor
  if (std::exchange(closed_, true)) return;
  (previous_ ? previous_->next_ : first_) = next_;
  if (next_) next_->previous_ = previous_;
  napi_remove_env_cleanup_hook(env_, at_cleanup, this);
  mailbox_->close();
  stop_all();
  const auto tasks = std::exchange(tasks_, {});
  for (const auto& [number, task] : tasks) {
    task->thread_.join();
    task->bridge_.reset();
  }
  exports_.Reset();
}

void Bridge::shut_down_at_exit(Napi::Env env) {
  static thread_local bool listening = false;
  if (std::exchange(listening, true)) return;
  const Napi::Value process = env.Global().Get("process");
  if (!process.IsObject() || !process.As<Napi::Object>().Get("once").IsFunction()) return;
  const auto all = [](const Napi::CallbackInfo&) {
    for (Bridge* b = first_; b; b = b->next_) b->stop_all();
    while (first_) first_->shut_down();
  };
  process.As<Napi::Object>().Get("once").As<Napi::Function>().Call(process,
                                                                   {Napi::String::New(env, "exit"), Napi::Function::New(env, all)});
}

}  // namespace lt::addon
