#pragma once

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace godwit::api {

/// What `call` throws, in words; nothing where it ends well.
template <class F>
std::optional<std::string> thrown_by(F&& call) {
  try {
    std::forward<F>(call)();
    return std::nullopt;
  } catch (const std::exception& thrown) {
    return thrown.what();
  } catch (...) {
    return "something that is no std::exception";
  }
}

}  // namespace godwit::api
