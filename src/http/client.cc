#include "http/client.h"

#include <algorithm>
#include <utility>

#include "http/connection.h"
#include "http/exchange.h"
#include "http/response_body.h"
#include "http/response_head.h"

namespace godwit::http {
namespace {

/// A line end in a name, a value or a target would be the start of something that nobody meant.
bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Result<void> check(const Request& request) {
  for (const auto& [name, value] : request.headers.fields()) {
    // A colon or blank in a name would move its end.
    if (is_field_name(name)) continue;
    return fail(Code::invalid_argument, "'" + name + "' is not a name that a header can have");
  }
  const auto fits = [](const Headers::Field& field) { return is_one_line(field.second); };
  const bool sound = is_one_line(request.method) && is_one_line(request.target) &&
                     is_one_line(request.endpoint.host) &&
                     std::ranges::all_of(request.headers.fields(), fits);
  if (sound) return {};
  return fail(Code::invalid_argument, "a line end or NUL in the target or a header of a request");
}

class AsioClient final : public Client {
 public:
  AsioClient(World& world, ClientOptions options)
      : pool_(std::make_shared<Pool>(world, std::move(options))) {}

  const ClientStats& stats() const override { return pool_->stats(); }

  Task<Response> send(const Context& context, Request& request) override {
    GODWIT_CO_CHECK(check(request));
    Reuse reuse = Reuse::allowed;
    for (;;) {
      GODWIT_CO_TRY(Lease lease, co_await pool_->acquire(context, request, reuse));
      ++pool_->stats().requests;
      Exchange exchange(context, lease, request);
      Result<ResponseHead> head = co_await exchange.run();
      if (head) {
        // Reading changes nothing, however it ends.
        const bool reads = request.method == "GET" || request.method == "HEAD";
        const Outcome if_cut = reads ? Outcome::not_applied : Outcome::unknown;
        Response response;
        response.status = head->status;
        response.repeated = reuse == Reuse::never;
        response.body = make_response_body(context, std::move(lease), *head, if_cut);
        response.headers = std::move(head->headers);
        co_return response;
      }
      const bool stale = lease->uses > 0 && exchange.unanswered() && !exchange.own_failure();
      const bool again = stale && (request.body == nullptr || request.body->rewind());
      if (!again) co_return fail(std::move(head).error());
      reuse = Reuse::never;
    }
  }

  Task<void> close() override {
    co_await pool_->close();
    co_return Result<void>();
  }

 private:
  std::shared_ptr<Pool> pool_;
};

}  // namespace

std::unique_ptr<Client> make_client(World& world, ClientOptions options) {
  return std::make_unique<AsioClient>(world, std::move(options));
}

}  // namespace godwit::http
