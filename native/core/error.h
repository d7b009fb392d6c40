// The one exception type of native/. Host code throws it, the addon maps it to a LlamaError of the same code.
#pragma once
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace lt {

// Stable: users match on the names (code_name), so entries are only ever added.
enum class Code {
  file,         // cannot be opened, read or written
  format,       // a model file breaks the format's rules
  unsupported,  // well-formed, but this build does not do it
  memory,       // does not fit, with the figures
  context,      // a prompt or generation that does not fit the context
  argument,     // a call's arguments break its documented ranges
  device,       // a backend is absent, lost or failed
  disposed,     // the model was disposed while, or before, the call ran
  internal,     // a bug of ours: please report
  disk,         // the output cannot be written: full, forbidden, in use
  schema,       // a JSON Schema that cannot be enforced
};

constexpr const char* code_name(Code c) {
  switch (c) {
    case Code::file:
      return "FILE";
    case Code::format:
      return "FORMAT";
    case Code::unsupported:
      return "UNSUPPORTED";
    case Code::memory:
      return "MEMORY";
    case Code::context:
      return "CONTEXT";
    case Code::argument:
      return "ARGUMENT";
    case Code::device:
      return "DEVICE";
    case Code::disposed:
      return "DISPOSED";
    case Code::internal:
      return "INTERNAL";
    case Code::disk:
      return "DISK";
    case Code::schema:
      return "SCHEMA";
  }
  return "INTERNAL";
}

// A text that lasts as long as the program.
struct Literal {
  const char* text;
};

// The message says what was expected, what was found and what to do, in one line without the code.
class Error : public std::exception {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::make_shared<const std::string>(std::move(message))) {}
  Error(Code code, Literal message) noexcept : code_(code), literal_(message.text) {}  // takes no memory, so that its lack can be told
  Code code() const noexcept { return code_; }
  const char* what() const noexcept override { return message_ ? message_->c_str() : literal_; }

 private:
  Code code_;
  const char* literal_ = "";
  std::shared_ptr<const std::string> message_;  // shared: copying an error must not fail
};

}  // namespace lt
