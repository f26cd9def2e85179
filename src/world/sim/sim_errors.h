#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

/// The errors of a simulated disk, as the machine's disk says them.
namespace godwit::sim_storage {

[[nodiscard]] inline std::unexpected<Error> failed(Code code, std::string_view what,
                                                   const std::string& path, std::string_view why) {
  return fail(code, std::string(what) + " " + path + ": " + std::string(why));
}
[[nodiscard]] inline std::unexpected<Error> io_error(std::string_view what,
                                                     const std::string& path) {
  return fail(Error(Code::unavailable, std::string(what) + " " + path + ": Input/output error")
                  .with(Retry::never));
}
[[nodiscard]] inline std::unexpected<Error> not_there(const std::string& path) {
  return failed(Code::not_found, "find", path, "No such file or directory");
}
[[nodiscard]] inline std::unexpected<Error> full(const std::string& path) {
  return failed(Code::no_space, "write", path, "No space left on device");
}

}  // namespace godwit::sim_storage
