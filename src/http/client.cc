#include "http/client.h"

#include <algorithm>
#include <utility>

#include "http/connection.h"
#include "http/proxy.h"
#include "http/response_head.h"

namespace godwit::http {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

/// Bodies up to this size leave together with the head, in one write.
constexpr Bytes kInlineBody = 64 * kKiB;
constexpr std::size_t kSendBuffer = 256 * kKiB;
constexpr std::size_t kReceiveBuffer = 16 * kKiB;
constexpr std::size_t kLongestChunkLine = 1024;
constexpr Duration kContinuePatience = 1s;

/// Reads more into a connection's buffer. 0: the peer has closed.
Task<std::size_t> read_more(const Context& context, Lease& lease) {
  Connection& connection = *lease;
  if (connection.begin == connection.end) connection.begin = connection.end = 0;
  if (connection.input.size() - connection.end < kReceiveBuffer / 2) {
    connection.input.resize(std::max(kReceiveBuffer, connection.input.size() * 2));
  }
  lease.extend(context.deadline());
  const MutableByteSpan space =
      std::as_writable_bytes(std::span(connection.input)).subspan(connection.end);
  error_code error;
  const std::size_t count = co_await connection.stream->read(space, error);
  if (error) co_return fail(lease.explain("read from", error));
  connection.end += count;
  lease.stats().received += count;
  co_return count;
}

std::unexpected<Error> cut_off(const Lease& lease) {
  return fail(Error(Code::unavailable, "read from " + lease->endpoint.to_string() +
                                           ": the server closed the connection in the middle of "
                                           "its answer"));
}

/// A response's body as it comes in; owns the connection meanwhile.
class ResponseBody final : public Body {
 public:
  ResponseBody(Context context, Lease lease, const ResponseHead& head)
      : context_(std::move(context)),
        lease_(std::move(lease)),
        framing_(head.framing),
        left_(head.length),
        keep_alive_(head.keep_alive) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    if (!lease_) co_return std::size_t{0};
    switch (framing_) {
      case Framing::none: break;
      case Framing::length: co_return co_await read_length(into);
      case Framing::chunked: co_return co_await read_chunked(into);
      case Framing::until_close: co_return co_await read_some(into);
    }
    co_return std::size_t{0};
  }

 private:
  void finish() {
    if (keep_alive_) lease_->keep();
    lease_.reset();
  }

  /// From the buffer, or, for large pieces, from the wire right into the caller's memory.
  Task<std::size_t> read_some(MutableByteSpan into) {
    Connection& connection = **lease_;
    const std::string_view ready = connection.unread();
    if (!ready.empty()) {
      const std::size_t count = std::min(ready.size(), into.size());
      std::copy_n(as_bytes(ready).begin(), count, into.begin());
      connection.begin += count;
      co_return count;
    }
    lease_->extend(context_.deadline());
    error_code error;
    const std::size_t count = co_await connection.stream->read(into, error);
    if (error) co_return fail(lease_->explain("read from", error));
    lease_->stats().received += count;
    co_return count;
  }

  Task<std::size_t> read_length(MutableByteSpan into) {
    const auto most = static_cast<std::size_t>(std::min<Bytes>(into.size(), left_));
    GODWIT_CO_TRY(const std::size_t count, co_await read_some(into.first(most)));
    if (count == 0) co_return cut_off(*lease_);
    left_ -= count;
    if (left_ == 0) finish();
    co_return count;
  }

  Task<std::size_t> read_chunked(MutableByteSpan into) {
    if (left_ == 0) {
      GODWIT_CO_TRY(const std::string line, co_await read_line());
      GODWIT_CO_TRY(left_, parse_chunk_size(line));
      if (left_ == 0) co_return co_await end_chunks();
    }
    const auto most = static_cast<std::size_t>(std::min<Bytes>(into.size(), left_));
    GODWIT_CO_TRY(const std::size_t count, co_await read_some(into.first(most)));
    if (count == 0) co_return cut_off(*lease_);
    left_ -= count;
    if (left_ == 0) {
      GODWIT_CO_TRY(const std::string line, co_await read_line());
      if (!line.empty()) co_return fail(Code::corrupted, "a chunk does not end where it said");
    }
    co_return count;
  }

  Task<std::size_t> end_chunks() {
    for (;;) {
      GODWIT_CO_TRY(const std::string trailer, co_await read_line());
      if (trailer.empty()) break;
    }
    finish();
    co_return std::size_t{0};
  }

  Task<std::string> read_line() {
    Connection& connection = **lease_;
    for (;;) {
      const std::size_t end = connection.unread().find("\r\n");
      if (end != std::string_view::npos) {
        std::string line(connection.unread().substr(0, end));
        connection.begin += end + 2;
        co_return line;
      }
      if (connection.unread().size() > kLongestChunkLine) {
        co_return fail(Code::corrupted, "a line between chunks is too long");
      }
      GODWIT_CO_TRY(const std::size_t count, co_await read_more(context_, *lease_));
      if (count == 0) co_return cut_off(*lease_);
    }
  }

  Context context_;
  std::optional<Lease> lease_;
  Framing framing_;
  Bytes left_;  // of the body, or of the chunk
  bool keep_alive_;
};

class EmptyBody final : public Body {
 public:
  Task<std::size_t> read(MutableByteSpan) override { co_return std::size_t{0}; }
};

std::string format_head(const Request& request, bool through_proxy) {
  std::string head;
  head.reserve(1024);
  head.append(request.method).append(" ");
  if (through_proxy) head += request.endpoint.to_string();
  head.append(request.target).append(" HTTP/1.1\r\nHost: ").append(request.endpoint.authority());
  for (const auto& [name, value] : request.headers.fields()) {
    head.append("\r\n").append(name).append(": ").append(value);
  }
  const bool has_body = request.body != nullptr;
  if (has_body || request.method == "PUT" || request.method == "POST") {
    head.append("\r\nContent-Length: ").append(std::to_string(request.body_size));
  }
  if (request.expect == Expect::continue_100 && request.body_size > kInlineBody) {
    head += "\r\nExpect: 100-continue";
  }
  head += "\r\n\r\n";
  return head;
}

/// One request on one connection.
class Exchange {
 public:
  Exchange(const Context& context, Lease& lease, Request& request)
      : context_(context), lease_(lease), request_(request) {}

  Task<ResponseHead> run(bool through_proxy) {
    const std::string head = format_head(request_, through_proxy);
    const Result<void> sent = co_await send(head);
    // A server that refuses in the middle of a body says why before it closes.
    if (!sent && (!started_ || own_failure_)) co_return fail(outcome(Error(sent.error())));
    Result<ResponseHead> answer = co_await receive();
    if (answer) {
      if (!sent) answer->keep_alive = false;
      co_return answer;
    }
    co_return fail(outcome(sent ? std::move(answer).error() : Error(sent.error())));
  }

  /// Nothing of an answer came: the server may have closed an idle connection.
  [[nodiscard]] bool unanswered() const { return !answered_ && !lease_->aborted; }
  [[nodiscard]] bool own_failure() const { return own_failure_; }

 private:
  /// A body that did not leave whole cannot have been applied.
  Error outcome(Error&& error) const {
    return std::move(error).with(whole_ ? Outcome::unknown : Outcome::not_applied);
  }

  Task<void> send(const std::string& head) {
    if (request_.body_size <= kInlineBody) co_return co_await send_inline(head);
    GODWIT_CO_CHECK(co_await write(as_bytes(head), {}));
    if (request_.expect == Expect::continue_100) {
      GODWIT_CO_TRY(const bool go_on, co_await await_continue());
      if (!go_on) co_return fail(Code::unavailable, "the server did not want the body");
    }
    co_return co_await send_body();
  }

  Task<void> send_inline(const std::string& head) {
    std::string all = head;
    if (request_.body != nullptr && request_.body_size > 0) {
      all.resize(head.size() + request_.body_size);
      const MutableByteSpan space = std::as_writable_bytes(std::span(all)).subspan(head.size());
      const Result<std::size_t> filled = co_await read_full(*request_.body, space);
      if (!filled) co_return source_failed(filled.error());
      if (*filled < space.size()) co_return ended_early(*filled);
    }
    GODWIT_CO_CHECK(co_await check_end());
    whole_ = true;
    co_return co_await write(as_bytes(all), {});
  }

  Task<void> send_body() {
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kSendBuffer);
    Bytes sent = 0;
    while (sent < request_.body_size) {
      const auto want =
          static_cast<std::size_t>(std::min<Bytes>(kSendBuffer, request_.body_size - sent));
      const Result<std::size_t> count =
          co_await request_.body->read(MutableByteSpan(buffer.get(), want));
      if (!count) co_return source_failed(count.error());
      if (*count == 0) co_return ended_early(sent);
      sent += *count;
      // The last bytes leave only when the source has said that there were no more, and that
      // they were right.
      if (sent == request_.body_size) {
        GODWIT_CO_CHECK(co_await check_end());
        whole_ = true;
      }
      GODWIT_CO_CHECK(co_await write(ByteSpan(buffer.get(), *count), {}));
    }
    co_return Result<void>();
  }

  /// A source may find only at its end that its bytes were wrong.
  Task<void> check_end() {
    if (request_.body == nullptr) co_return Result<void>();
    std::array<std::byte, 1> beyond{};
    const Result<std::size_t> more = co_await request_.body->read(beyond);
    if (!more) co_return source_failed(more.error());
    if (*more == 0) co_return Result<void>();
    own_failure_ = true;
    co_return fail(Code::corrupted,
                   "the body is longer than its " + std::to_string(request_.body_size) + " bytes");
  }

  std::unexpected<Error> source_failed(const Error& error) {
    own_failure_ = true;
    return fail(Error(error));
  }

  std::unexpected<Error> ended_early(Bytes got) {
    own_failure_ = true;
    return fail(Code::corrupted, "the body ended after " + std::to_string(got) + " of " +
                                     std::to_string(request_.body_size) + " bytes");
  }

  Task<void> write(ByteSpan first, ByteSpan second) {
    lease_.extend(context_.deadline());
    error_code error;
    co_await lease_->stream->write(first, second, error);
    if (error) co_return fail(lease_.explain("send to", error));
    started_ = true;
    lease_.stats().sent += first.size() + second.size();
    co_return Result<void>();
  }

  /// True to send the body: the server said so, or nothing for a second (RFC 9110 §10.1.1).
  Task<bool> await_continue() {
    const MonoTime patience = lease_.world().mono_now() + kContinuePatience;
    const bool answered = co_await lease_->stream->readable_before(lease_.world(), patience);
    if (!answered) co_return true;
    GODWIT_CO_TRY(ResponseHead head, co_await receive_head());
    if (head.status == 100) co_return true;
    early_ = std::move(head);
    co_return false;
  }

  Task<ResponseHead> receive() {
    if (early_) co_return *std::exchange(early_, std::nullopt);
    for (;;) {
      GODWIT_CO_TRY(ResponseHead head, co_await receive_head());
      // Interim answers precede the real one.
      if (head.status >= 200) co_return head;
    }
  }

  Task<ResponseHead> receive_head() {
    for (;;) {
      Connection& connection = *lease_;
      const std::string_view text = connection.unread();
      const std::size_t end = text.find("\r\n\r\n");
      if (end != std::string_view::npos) {
        answered_ = true;
        Result<ResponseHead> head =
            parse_response_head(text.substr(0, end + 4), request_.method == "HEAD");
        connection.begin += end + 4;
        co_return head;
      }
      if (text.size() > kLargestHead) {
        co_return fail(Code::corrupted, "the head of the server's answer is over 64 KiB");
      }
      answered_ = answered_ || !text.empty();
      GODWIT_CO_TRY(const std::size_t count, co_await read_more(context_, lease_));
      if (count == 0) co_return cut_off(lease_);
    }
  }

  const Context& context_;
  Lease& lease_;
  Request& request_;
  bool started_ = false;
  bool whole_ = false;
  bool answered_ = false;
  bool own_failure_ = false;
  std::optional<ResponseHead> early_;
};

class AsioClient final : public Client {
 public:
  AsioClient(World& world, ClientOptions options)
      : world_(world), pool_(std::make_shared<Pool>(world, std::move(options))) {}

  const ClientStats& stats() const override { return pool_->stats(); }

  Task<Response> send(const Context& context, Request& request) override {
    GODWIT_CO_TRY(const std::optional<Proxy> proxy, proxy_for(world_, request.endpoint));
    const bool absolute = proxy && request.endpoint.scheme == Scheme::http;
    Reuse reuse = Reuse::allowed;
    for (;;) {
      GODWIT_CO_TRY(Lease lease, co_await pool_->acquire(context, request.endpoint, reuse));
      ++pool_->stats().requests;
      Exchange exchange(context, lease, request);
      Result<ResponseHead> head = co_await exchange.run(absolute);
      if (head) co_return respond(context, std::move(lease), *std::move(head));
      const bool stale = lease->uses > 0 && exchange.unanswered() && !exchange.own_failure();
      const bool again =
          stale && reuse == Reuse::allowed && (request.body == nullptr || request.body->rewind());
      if (!again) co_return fail(std::move(head).error());
      reuse = Reuse::never;
    }
  }

  Task<void> close() override {
    co_await pool_->close();
    co_return Result<void>();
  }

 private:
  static Response respond(const Context& context, Lease lease, ResponseHead head) {
    Response response;
    response.status = head.status;
    const bool empty =
        head.framing == Framing::none || (head.framing == Framing::length && head.length == 0);
    if (empty) {
      if (head.keep_alive) lease.keep();
      response.body = std::make_unique<EmptyBody>();
    } else {
      response.body = std::make_unique<ResponseBody>(context, std::move(lease), head);
    }
    response.headers = std::move(head.headers);
    return response;
  }

  World& world_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace

std::unique_ptr<Client> make_client(World& world, ClientOptions options) {
  return std::make_unique<AsioClient>(world, std::move(options));
}

}  // namespace godwit::http
