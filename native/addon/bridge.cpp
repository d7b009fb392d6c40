#include "addon/bridge.h"

#include "core/error.h"

namespace lt::addon {

void Bridge::install(Napi::Env env) { env.SetInstanceData<Bridge>(new Bridge); }

void Bridge::attach(Napi::Env env, const Napi::Function& make_error, const Napi::Function& deliver) {
  shut_down();
  make_error_ = Napi::Persistent(make_error);
  mailbox_ = Mailbox::open(env, deliver);
  closed_ = false;
  // Hooks run last in, first out: set after the thread-safe function, this one finds it alive.
  env.AddCleanupHook([](Bridge* bridge) { bridge->shut_down(); }, this);
}

Napi::Value Bridge::make_error(Napi::Env env, const char* code, const char* message) const {
  const Napi::String text = Napi::String::New(env, message);
  if (make_error_.IsEmpty()) return Napi::Error::New(env, text).Value();
  return make_error_.Call({Napi::String::New(env, code), text});
}

const std::shared_ptr<Mailbox>& Bridge::mailbox() const {
  if (closed_) throw Error(Code::disposed, "the process or worker is exiting");
  return mailbox_;
}

void Bridge::start(std::shared_ptr<Task> task) {
  task->number_ = ++started_;
  tasks_[task->number_] = task;
  try {
    task->thread_ = std::thread([t = task.get()] { t->run(); });
  } catch (...) {
    tasks_.erase(task->number_);
    throw;
  }
}

void Bridge::retire(uint64_t number) {
  const auto found = tasks_.find(number);
  if (found == tasks_.end()) return;
  found->second->thread_.join();
  tasks_.erase(found);
}

void Bridge::shut_down() {
  if (closed_) return;
  closed_ = true;
  mailbox_->close();
  for (auto& [number, task] : tasks_) task->stop();
  for (auto& [number, task] : tasks_) task->thread_.join();
  tasks_.clear();
  make_error_.Reset();
}

}  // namespace lt::addon
