#include "http/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

namespace godwit::http {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

/// Bodies up to this size leave together with the head, in one write.
constexpr Bytes kInlineBody = 64 * kKiB;
constexpr std::size_t kSendBuffer = 256 * kKiB;
constexpr std::size_t kLeastSpace = 8 * kKiB;
constexpr std::size_t kUsualHead = 1024;
constexpr Duration kContinuePatience = 1s;
constexpr int kMostInterimAnswers = 32;

void format_head(const Request& request, const Connection& connection, std::string& head) {
  const bool absolute = connection.proxy != nullptr && request.endpoint.scheme == Scheme::http;
  head.append(request.method).append(" ");
  if (absolute) head += request.endpoint.to_string();
  head.append(request.target).append(" HTTP/1.1\r\nHost: ").append(request.endpoint.authority());
  if (absolute && !connection.proxy->authorization.empty()) {
    head.append("\r\nProxy-Authorization: ").append(connection.proxy->authorization);
  }
  for (const auto& [name, value] : request.headers.fields()) {
    head.append("\r\n").append(name).append(": ").append(value);
  }
  if (request.body != nullptr || request.method == "PUT" || request.method == "POST") {
    head.append("\r\nContent-Length: ").append(std::to_string(request.body_size));
  }
  if (request.expect == Expect::continue_100 && request.body_size > kInlineBody) {
    head += "\r\nExpect: 100-continue";
  }
  head += "\r\n\r\n";
}

}  // namespace

Task<std::size_t> read_more(const Context& context, Lease& lease) {
  Connection& connection = *lease;
  const MutableByteSpan space = connection.space(kLeastSpace);
  lease.extend(context.deadline());
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

Task<ResponseHead> Exchange::run() {
  const Result<void> sent = co_await send();
  if (!sent && own_failure_) co_return fail(outcome(Error(sent.error())));
  // A server that refuses in the middle of a body, or TLS, says why before it closes.
  Result<ResponseHead> answer = co_await receive();
  if (answer) {
    if (!sent) answer->keep_alive = false;
    co_return answer;
  }
  const bool says_why = sent || answer.error().retry() == Retry::never;
  co_return fail(outcome(says_why ? std::move(answer).error() : Error(sent.error())));
}

/// A request that did not leave whole cannot have been applied.
Error Exchange::outcome(Error&& error) const {
  return std::move(error).with(whole_ ? Outcome::unknown : Outcome::not_applied);
}

Task<void> Exchange::send() {
  const bool with_body = request_.body_size <= kInlineBody;
  out_.reserve(kUsualHead + (with_body ? request_.body_size : 0));
  format_head(request_, *lease_, out_);
  if (with_body) co_return co_await send_inline();
  GODWIT_CO_CHECK(co_await write(as_bytes(out_)));
  if (request_.expect == Expect::continue_100) {
    GODWIT_CO_TRY(const bool go_on, co_await await_continue());
    if (!go_on) co_return fail(Code::unavailable, "the server did not want the body");
  }
  co_return co_await send_body();
}

Task<void> Exchange::send_inline() {
  if (request_.body != nullptr) {
    const std::size_t head = out_.size();
    out_.resize(head + request_.body_size);
    const MutableByteSpan space = std::as_writable_bytes(std::span(out_)).subspan(head);
    const Result<std::size_t> filled = co_await read_full(*request_.body, space);
    if (!filled) co_return source_failed(filled.error());
    if (*filled < space.size()) co_return ended_early(*filled);
    GODWIT_CO_CHECK(co_await check_end());
  } else if (request_.body_size > 0) {
    co_return ended_early(0);
  }
  whole_ = true;
  co_return co_await write(as_bytes(out_));
}

Task<void> Exchange::send_body() {
  if (request_.body == nullptr) co_return ended_early(0);
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
    GODWIT_CO_CHECK(co_await write(ByteSpan(buffer.get(), *count)));
  }
  co_return Result<void>();
}

/// A source may find only at its end that its bytes were wrong.
Task<void> Exchange::check_end() {
  std::array<std::byte, 1> beyond{};
  const Result<std::size_t> more = co_await request_.body->read(beyond);
  if (!more) co_return source_failed(more.error());
  if (*more == 0) co_return Result<void>();
  own_failure_ = true;
  co_return fail(Code::corrupted,
                 "the body is longer than its " + std::to_string(request_.body_size) + " bytes");
}

std::unexpected<Error> Exchange::source_failed(const Error& error) {
  own_failure_ = true;
  return fail(Error(error));
}

std::unexpected<Error> Exchange::ended_early(Bytes got) {
  own_failure_ = true;
  return fail(Code::corrupted, "the body ended after " + std::to_string(got) + " of " +
                                   std::to_string(request_.body_size) + " bytes");
}

Task<void> Exchange::write(ByteSpan bytes) {
  lease_.extend(context_.deadline());
  error_code error;
  co_await lease_->stream->write(bytes, error);
  if (error) co_return fail(lease_.explain("send to", error));
  lease_.stats().sent += bytes.size();
  co_return Result<void>();
}

/// True to send the body: the server said so, or nothing for a second (RFC 9110 §10.1.1).
Task<bool> Exchange::await_continue() {
  const MonoTime patience = lease_.world().mono_now() + kContinuePatience;
  lease_.extend(context_.deadline());
  for (;;) {
    GODWIT_CO_TRY(std::optional<ResponseHead> head, take_head());
    if (head && head->status == 100) co_return true;
    if (head && head->status >= 200) {
      early_ = std::move(head);
      co_return false;
    }
    if (head) continue;
    Connection& connection = *lease_;
    const MutableByteSpan space = connection.space(kLeastSpace);
    error_code error;
    const std::optional<std::size_t> count =
        co_await connection.stream->read_before(lease_.world(), patience, space, error);
    if (error) co_return fail(lease_.explain("read from", error));
    if (!count) co_return true;
    if (*count == 0) co_return cut_off(lease_);
    connection.end += *count;
    lease_.stats().received += *count;
  }
}

Task<ResponseHead> Exchange::receive() {
  if (early_) co_return *std::exchange(early_, std::nullopt);
  for (int interim = 0; interim <= kMostInterimAnswers; ++interim) {
    GODWIT_CO_TRY(ResponseHead head, co_await receive_head());
    // Interim answers precede the real one.
    if (head.status >= 200) co_return head;
  }
  co_return fail(Code::corrupted, "the server sends interim answers without end");
}

Task<ResponseHead> Exchange::receive_head() {
  for (;;) {
    GODWIT_CO_TRY(std::optional<ResponseHead> head, take_head());
    if (head) co_return *std::move(head);
    GODWIT_CO_TRY(const std::size_t count, co_await read_more(context_, lease_));
    if (count == 0) co_return cut_off(lease_);
  }
}

/// The head that begins the connection's buffer, once it is whole.
Result<std::optional<ResponseHead>> Exchange::take_head() {
  Connection& connection = *lease_;
  const std::string_view text = connection.unread();
  answered_ = answered_ || !text.empty();
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (text.size() <= kLargestHead) return std::nullopt;
    return fail(Code::corrupted, "the head of the server's answer is over 64 KiB");
  }
  const HeadRequest kind = request_.method == "HEAD" ? HeadRequest::yes : HeadRequest::no;
  GODWIT_TRY(ResponseHead head, parse_response_head(text.substr(0, end + 4), kind));
  connection.begin += end + 4;
  return head;
}

}  // namespace godwit::http
