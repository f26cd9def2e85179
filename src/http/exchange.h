#pragma once

#include <optional>
#include <string>

#include "http/connection.h"
#include "http/response_head.h"

namespace godwit::http {

/// Reads more into a connection's buffer. 0: the peer has closed.
/// Failure: unavailable, timed_out, cancelled.
[[nodiscard]] Task<std::size_t> read_more(const Context& context, Lease& lease);

/// What to say when a connection ended where an answer had not.
[[nodiscard]] std::unexpected<Error> cut_off(const Lease& lease);

/// One request on one connection. Context, lease and request must outlive it.
class Exchange {
 public:
  Exchange(const Context& context, Lease& lease, Request& request)
      : context_(context), lease_(lease), request_(request) {}

  /// Sends the request, reads the answer's head. Call once. Failure: as Transport::send.
  [[nodiscard]] Task<ResponseHead> run();
  /// Nothing of an answer came: the server may have closed an idle connection.
  [[nodiscard]] bool unanswered() const { return !answered_ && !lease_->aborted; }
  /// The request's own body was the cause.
  [[nodiscard]] bool own_failure() const { return own_failure_; }

 private:
  Error outcome(Error&& error) const;
  [[nodiscard]] Task<void> send();
  [[nodiscard]] Task<void> send_inline();
  [[nodiscard]] Task<void> send_body();
  [[nodiscard]] Task<void> check_end();
  [[nodiscard]] Task<void> write(ByteSpan bytes);
  [[nodiscard]] Task<bool> await_continue();
  [[nodiscard]] Task<ResponseHead> receive();
  [[nodiscard]] Task<ResponseHead> receive_head();
  [[nodiscard]] Result<std::optional<ResponseHead>> take_head();
  std::unexpected<Error> source_failed(const Error& error);
  std::unexpected<Error> ended_early(Bytes got);

  const Context& context_;
  Lease& lease_;
  Request& request_;
  std::string out_;  // the head, and a small body behind it
  bool whole_ = false;
  bool answered_ = false;
  bool own_failure_ = false;
  std::optional<ResponseHead> early_;
};

}  // namespace godwit::http
