// Opens a file away from the JavaScript thread and makes a value of it there.
#pragma once
#include <memory>
#include <string>

#include "addon/bridge.h"
#include "gguf/file.h"

namespace lt::addon {

class Reading : public Task {
 public:
  using Result = std::function<Napi::Value(Napi::Env)>;  // runs on the JavaScript thread
  using Read = Result (*)(std::shared_ptr<const gguf::File>);

  Reading(std::shared_ptr<Mailbox> mailbox, double ticket, std::string path, bool vocabulary_only, Read read)
      : mailbox_(std::move(mailbox)), ticket_(ticket), path_(std::move(path)), vocabulary_only_(vocabulary_only), read_(read) {}

  void run() override;

 private:
  const std::shared_ptr<Mailbox> mailbox_;
  const double ticket_;
  const std::string path_;
  const bool vocabulary_only_;
  const Read read_;
};

}  // namespace lt::addon
