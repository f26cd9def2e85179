#include "http/response_body.h"

#include <algorithm>
#include <utility>

#include "http/exchange.h"

namespace godwit::http {
namespace {

using boost::system::error_code;

constexpr std::size_t kLongestChunkLine = 1024;
constexpr int kMostTrailers = 100;

class EmptyBody final : public Body {
 public:
  Task<std::size_t> read(MutableByteSpan) override { co_return std::size_t{0}; }
};

/// A response's body as it comes in; owns the connection meanwhile.
class ResponseBody final : public Body {
 public:
  ResponseBody(Context context, Lease lease, const ResponseHead& head, Outcome if_cut)
      : context_(std::move(context)),
        lease_(std::move(lease)),
        framing_(head.framing),
        left_(head.length),
        keep_alive_(head.keep_alive),
        if_cut_(if_cut) {}

  /// What is there already costs nothing to skip, and saves a connection.
  ~ResponseBody() override {
    if (!lease_ || framing_ != Framing::length) return;
    Connection& connection = **lease_;
    if (connection.unread().size() != left_) return;
    connection.begin = connection.end;
    finish();
  }

  Task<std::size_t> read(MutableByteSpan into) override {
    if (!lease_) co_return std::size_t{0};
    Result<std::size_t> count = co_await read_framed(into);
    if (!count) co_return fail(std::move(count).error().with(if_cut_));
    co_return count;
  }

 private:
  Task<std::size_t> read_framed(MutableByteSpan into) {
    switch (framing_) {
      case Framing::none: break;
      case Framing::length: return read_length(into);
      case Framing::chunked: return read_chunked(into);
      case Framing::until_close: break;
    }
    return read_some(into);
  }

  void finish() {
    if (keep_alive_) lease_->keep();
    lease_.reset();
  }

  /// From the buffer, or, when it is empty, from the wire right into the caller's memory.
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
    for (int trailers = 0; trailers <= kMostTrailers; ++trailers) {
      GODWIT_CO_TRY(const std::string trailer, co_await read_line());
      if (!trailer.empty()) continue;
      finish();
      co_return std::size_t{0};
    }
    co_return fail(Code::corrupted, "too many fields follow the last chunk");
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
  Outcome if_cut_;
};

}  // namespace

std::unique_ptr<Body> make_response_body(const Context& context, Lease lease,
                                         const ResponseHead& head, Outcome if_cut) {
  const bool empty =
      head.framing == Framing::none || (head.framing == Framing::length && head.length == 0);
  if (!empty) return std::make_unique<ResponseBody>(context, std::move(lease), head, if_cut);
  if (head.keep_alive) lease.keep();
  return std::make_unique<EmptyBody>();
}

}  // namespace godwit::http
