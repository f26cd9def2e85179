#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/transport.h"

namespace godwit::test {

/// A request as the server saw it.
struct Asked {
  std::string method;
  http::Endpoint endpoint;
  std::string target;
  http::Headers headers;
  std::string body;

  /// "METHOD http://host/target".
  [[nodiscard]] std::string line() const { return method + " " + endpoint.to_string() + target; }
  /// Empty when it is not there.
  [[nodiscard]] std::string header(std::string_view name) const {
    return std::string(headers.find(name).value_or(""));
  }
};

/// What a scripted server says.
struct Said {
  unsigned status = 200;
  std::vector<http::Headers::Field> headers;
  std::string body;
  bool repeated = false;  ///< as http::Response
};

/// A server that is a function of the test, with no network between. Reads each body to its end;
/// an answer takes `delay` of simulated time.
class ScriptedTransport final : public http::Transport {
 public:
  using Script = std::function<Result<Said>(const Asked&)>;

  ScriptedTransport(World& world, Script first) : script(std::move(first)), world_(world) {}

  Task<http::Response> send(const Context& context, http::Request& request) override {
    Asked one{request.method, request.endpoint, request.target, request.headers, {}};
    std::optional<Said> early = before_body ? before_body(one) : std::nullopt;
    if (request.body != nullptr && !early) {
      GODWIT_CO_TRY(one.body, co_await read_all(*request.body, 64 * kMiB));
      if (one.body.size() != request.body_size) co_return fail(Code::corrupted, "another length");
    }
    asked.push_back(one);
    if (delay > Duration::zero()) {
      const MonoTime then = world_.mono_now() + delay;
      GODWIT_CO_CHECK(co_await world_.sleep_until(then, context.cancel()));
    }
    GODWIT_CO_TRY(Said said, early ? Result<Said>(*std::move(early)) : script(one));
    http::Response response;
    response.status = said.status;
    response.repeated = said.repeated;
    for (auto& [name, value] : said.headers) response.headers.add(name, std::move(value));
    response.body = std::make_unique<MemoryBody>(std::move(said.body));
    co_return response;
  }
  Task<void> close() override { co_return Result<void>(); }

  Script script;
  /// Answers before it has read the body, if it wants to.
  std::function<std::optional<Said>(const Asked&)> before_body;
  Duration delay{};
  std::vector<Asked> asked;

 private:
  World& world_;
};

}  // namespace godwit::test
