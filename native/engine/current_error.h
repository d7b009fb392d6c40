// What is being caught, as the one exception type.
#pragma once
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "core/error.h"

namespace lt::engine {

inline Error out_of_memory() noexcept {
  return {Code::memory, Literal{"the machine refused memory that the call needs: use a smaller model, context or batch"}};
}

// Inside a catch block. Memory that is lacking for the error's own text makes it out_of_memory().
inline Error current_error() noexcept {
  try {
    try {
      throw;
    } catch (const Error& e) {
      return e;
    } catch (const std::bad_alloc&) {
      return out_of_memory();
    } catch (const std::length_error&) {
      return {Code::memory, Literal{"the call asks for more memory than can be addressed: use a smaller context or batch"}};
    } catch (const std::system_error& e) {
      return {Code::device, std::string("the system refused a thread or lock: ") + e.what()};
    } catch (const std::exception& e) {
      return {Code::internal, std::string("unexpected failure, please report it: ") + e.what()};
    } catch (...) {
      return {Code::internal, Literal{"unexpected failure, please report it"}};
    }
  } catch (...) {
    return out_of_memory();
  }
}

}  // namespace lt::engine
