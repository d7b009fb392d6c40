// What is being caught, as the one exception type.
#pragma once
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "core/error.h"

namespace lt::engine {

// Inside a catch block.
inline Error current_error() {
  try {
    throw;
  } catch (const Error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return {Code::memory, "the machine refused memory that the call needs: use a smaller model, context or batch"};
  } catch (const std::length_error&) {
    return {Code::memory, "the call asks for more memory than can be addressed: use a smaller context or batch"};
  } catch (const std::system_error& e) {
    return {Code::device, std::string("the system refused a thread or lock: ") + e.what()};
  } catch (const std::exception& e) {
    return {Code::internal, std::string("unexpected failure, please report it: ") + e.what()};
  } catch (...) {
    return {Code::internal, "unexpected failure, please report it"};
  }
}

}  // namespace lt::engine
