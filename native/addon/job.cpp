#include "addon/job.h"

#include <utility>

#include "addon/errors.h"

namespace lt::addon {

namespace {

constexpr napi_type_tag job_tag{0x6c6c616d612d7473, 0x6a6f620000000000};

}  // namespace

bool Job::tell(double fraction) {
  if (fraction - told_ >= 0.002 || (fraction >= 1 && told_ < 1)) {
    told_ = fraction;
    mailbox_->post({ticket_, "progress", [fraction](Napi::Env env) { return Napi::Number::New(env, fraction); }});
  }
  return !stopped_;
}

void Job::run() {
  Event& last = last_.front();
  last.last_of = number();
  try {
    const Work work = std::exchange(work_, nullptr);
    last.value = work([this](double fraction) { return tell(fraction); });
  } catch (...) {
    last.kind = "failed";
    last.error = current_error();
  }
  mailbox_->post(std::move(last_));
}

Napi::Value start_job(const Napi::CallbackInfo& info, Job::Work work) {
  const Napi::Env env = info.Env();
  const double ticket = info[0].As<Napi::Number>().DoubleValue();
  Bridge& bridge = Bridge::of(env);
  const auto job = std::make_shared<Job>(bridge.mailbox(), ticket, std::move(work));
  bridge.start(job);
  const auto handle = Napi::External<std::shared_ptr<Job>>::New(env, new std::shared_ptr<Job>(job),
                                                                [](Napi::Env, std::shared_ptr<Job>* held) { delete held; });
  handle.TypeTag(&job_tag);
  return handle;
}

Napi::Value stop_job(const Napi::CallbackInfo& info) {
  const Napi::Value handle = info[0];
  if (!handle.IsExternal() || !handle.As<Napi::External<std::shared_ptr<Job>>>().CheckTypeTag(&job_tag))
    throw Error(Code::argument, "expected the handle of a job");
  (*handle.As<Napi::External<std::shared_ptr<Job>>>().Data())->stop();
  return info.Env().Undefined();
}

}  // namespace lt::addon
