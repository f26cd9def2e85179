#include "http/server_exchange.h"

#include <array>
#include <boost/asio/error.hpp>
#include <boost/beast/http/status.hpp>
#include <cstdio>
#include <utility>

namespace godwit::http {
namespace {

using boost::system::error_code;

constexpr std::size_t kReadSize = 64 * kKiB;
/// Together with its head an answer up to this size leaves in one piece.
constexpr std::size_t kOnePiece = 64 * kKiB;
/// Of a body that nobody wanted.
constexpr Bytes kMostDrained = 16 * kMiB;
constexpr Duration kLongestDrain = std::chrono::seconds(2);

/// No answer may hold a line end where none belongs, whoever made its value.
std::string clean(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace

// Wire.

asio::awaitable<bool> Wire::shake_hands() {
  const MonoTime deadline = world.mono_now() + options.head_timeout;
  Alarm alarm(world, deadline, [this] { stream->close(); });
  const Result<void> shaken = co_await secured->handshake();
  const bool rung = co_await alarm.stop();
  co_return shaken.has_value() && !rung;
}

Task<std::size_t> Wire::read_more(MonoTime deadline) {
  if (begin == end) begin = end = 0;
  if (input.size() - end < kReadSize / 2) {
    input.erase(0, begin);
    end -= std::exchange(begin, 0);
    input.resize(end + kReadSize);
  }
  const MutableByteSpan space = std::as_writable_bytes(std::span(input)).subspan(end);
  error_code error;
  const auto count = co_await stream->read_before(world, deadline, space, error);
  if (!count) co_return fail(Code::timed_out, "the client sent nothing for too long");
  if (error) co_return fail(Code::unavailable, "the client has gone: " + error.message());
  end += *count;
  co_return *count;
}

Task<bool> Wire::read_head(RequestParser& parser) {
  if (unread().empty()) {
    idle = true;
    const Result<std::size_t> first = co_await read_more(world.mono_now() + options.keep_alive);
    idle = false;
    if (!first || *first == 0) co_return false;
  }
  const MonoTime deadline = world.mono_now() + options.head_timeout;
  for (;;) {
    GODWIT_CO_TRY(const std::size_t used, parser.put(unread()));
    begin += used;
    if (parser.has_head()) co_return true;
    const Result<std::size_t> more = co_await read_more(deadline);
    if (!more && more.error().code() == Code::timed_out) co_return std::unexpected(more.error());
    if (!more || *more == 0) co_return false;
  }
}

Task<void> Wire::write(ByteSpan bytes) {
  Alarm alarm(world, world.mono_now() + options.idle_timeout, [this] { stream->close(); });
  error_code error;
  co_await stream->write(bytes, error);
  const bool rung = co_await alarm.stop();
  if (rung) co_return fail(Code::timed_out, "the client reads nothing");
  if (error) co_return fail(Code::unavailable, "the client has gone: " + error.message());
  co_return Result<void>();
}

asio::awaitable<void> Wire::drain() {
  const MonoTime deadline = world.mono_now() + std::min(kLongestDrain, options.idle_timeout);
  for (Bytes drained = 0; drained < kMostDrained;) {
    begin = end;
    const Result<std::size_t> count = co_await read_more(deadline);
    if (!count || *count == 0) break;
    drained += *count;
  }
}

// Answers.

std::string write_head(const Answer& answer, AnswerSize size, Next next) {
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(answer.status));
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text += std::string_view(reason);
  text += "\r\n";
  for (const auto& [name, value] : answer.headers.fields()) {
    text += clean(name) + ": " + clean(value) + "\r\n";
  }
  const bool sized = answer.status != 204 && answer.status != 304;
  if (sized && size.bytes) text += "Content-Length: " + std::to_string(*size.bytes) + "\r\n";
  if (sized && !size.bytes && next == Next::keep) text += "Transfer-Encoding: chunked\r\n";
  if (next == Next::close) text += "Connection: close\r\n";
  return text + "\r\n";
}

/// Little of a body that nobody has read is read away behind the answer; else the connection ends.
Next ServerExchange::next() const {
  const bool little = parser_.length().value_or(kOnePiece + 1) <= kOnePiece;
  const bool comes = !parser_.expects_continue() || continued_;
  const bool at_end = parser_.is_done() || (little && comes);
  return at_end && parser_.keep_alive() && !stopping_.cancelled() ? Next::keep : Next::close;
}

bool ServerExchange::has_body(unsigned status) const {
  return head_.method != "HEAD" && status != 204 && status != 304;
}

Task<std::size_t> ServerExchange::read_piece(MutableByteSpan into, Duration most) {
  const MonoTime deadline = wire_.world.mono_now() + most;
  parser_.body_into(into);
  while (!parser_.is_done() && parser_.body_count() == 0) {
    GODWIT_CO_TRY(const std::size_t used, parser_.put(wire_.unread()));
    wire_.begin += used;
    if (used > 0) continue;
    GODWIT_CO_TRY(const std::size_t more, co_await wire_.read_more(deadline));
    if (more == 0) co_return fail(Code::corrupted, "the body ended too early");
  }
  co_return parser_.body_count();
}

Task<std::size_t> ServerExchange::read(MutableByteSpan into) {
  if (parser_.expects_continue() && !parser_.is_done() && !std::exchange(continued_, true)) {
    GODWIT_CO_CHECK(co_await wire_.write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n")));
  }
  co_return co_await read_piece(into, wire_.options.idle_timeout);
}

Task<std::string> ServerExchange::read_body(Bytes most) {
  const std::string too_large = "the body is larger than " + format_bytes(most);
  if (parser_.length().value_or(0) > most) co_return fail(Code::limit_exceeded, too_large);
  std::string body;
  std::string piece(kReadSize, '\0');
  const MutableByteSpan room = std::as_writable_bytes(std::span(piece));
  for (;;) {
    GODWIT_CO_TRY(const std::size_t count, co_await read(room));
    if (count == 0) co_return body;
    if (body.size() + count > most) co_return fail(Code::limit_exceeded, too_large);
    body.append(piece, 0, count);
  }
}

Task<void> ServerExchange::respond(Answer answer) {
  next_ = next();
  std::string text = write_head(answer, {answer.body.size()}, next_);
  const bool with_body = has_body(answer.status);
  state_ = State::broken;
  if (with_body && answer.body.size() <= kOnePiece) text += std::exchange(answer.body, {});
  GODWIT_CO_CHECK(co_await wire_.write(as_bytes(text)));
  if (with_body && !answer.body.empty()) {
    GODWIT_CO_CHECK(co_await pass(as_bytes(answer.body)));
  }
  state_ = State::ended;
  co_return Result<void>();
}

Task<void> ServerExchange::begin(Answer answer, AnswerSize size) {
  next_ = parser_.knows_chunks() || size.bytes ? next() : Next::close;
  silent_ = !has_body(answer.status);
  chunked_ = !size.bytes && next_ == Next::keep;
  left_ = size.bytes.value_or(0);
  const std::string text = write_head(answer, size, next_);
  state_ = State::broken;
  GODWIT_CO_CHECK(co_await wire_.write(as_bytes(text)));
  state_ = State::streaming;
  co_return Result<void>();
}

/// In pieces, each of which has its limit in time.
Task<void> ServerExchange::pass(ByteSpan bytes) {
  constexpr std::size_t kPiece = 256 * kKiB;
  while (!bytes.empty()) {
    const ByteSpan piece = bytes.first(std::min(bytes.size(), kPiece));
    GODWIT_CO_CHECK(co_await wire_.write(piece));
    bytes = bytes.subspan(piece.size());
  }
  co_return Result<void>();
}

Task<void> ServerExchange::send(ByteSpan bytes) {
  if (silent_ || bytes.empty()) co_return Result<void>();
  left_ -= std::min<Bytes>(left_, bytes.size());
  if (!chunked_) co_return co_await pass(bytes);
  std::array<char, 32> size{};
  const int digits = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  std::string chunk(size.data(), static_cast<std::size_t>(digits));
  chunk += as_text(bytes);
  chunk += "\r\n";
  co_return co_await pass(as_bytes(chunk));
}

Task<void> ServerExchange::end() {
  if (chunked_ && !silent_) {
    state_ = State::broken;
    GODWIT_CO_CHECK(co_await wire_.write(as_bytes("0\r\n\r\n")));
  }
  const bool whole = silent_ || left_ == 0;
  state_ = whole ? State::ended : State::broken;
  co_return Result<void>();
}

asio::awaitable<void> ServerExchange::discard_body() {
  const MonoTime deadline =
      wire_.world.mono_now() + std::min(kLongestDrain, wire_.options.idle_timeout);
  std::string piece(kReadSize, '\0');
  const MutableByteSpan room = std::as_writable_bytes(std::span(piece));
  for (Bytes discarded = 0; !parser_.is_done() && discarded < kMostDrained;) {
    const Duration left = deadline - wire_.world.mono_now();
    const Result<std::size_t> count = co_await read_piece(room, left);
    if (!count) break;
    discarded += *count;
  }
}

asio::awaitable<bool> ServerExchange::finish() {
  if (state_ != State::ended) co_return false;
  // Whoever waits for a "100 Continue" that did not come sends nothing.
  if (!parser_.expects_continue() || continued_) co_await discard_body();
  co_return next_ == Next::keep&& parser_.is_done();
}

}  // namespace godwit::http
