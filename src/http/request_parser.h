#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "http/transport.h"

namespace godwit::http {

/// What a client asks, but for the body.
struct RequestHead {
  std::string method;
  std::string target;  ///< path and query, still encoded
  Headers headers;
  std::string peer;  ///< the client's address
};

/// One request of HTTP/1.0 or 1.1 on its way out of a stream of bytes. Pure: reads nothing itself.
class RequestParser {
 public:
  /// Heads of more than `max_head` bytes are refused.
  explicit RequestParser(Bytes max_head);
  RequestParser(RequestParser&&) = delete;
  ~RequestParser();

  /// Takes what it can use of `bytes`, and says how much; stops behind the head, at a full
  /// `body_into`, and behind the body. 0: more bytes are needed, or room for the body.
  /// Failure: corrupted for what is not HTTP, and for a body whose length is told in two ways;
  /// limit_exceeded for a head that is too large.
  [[nodiscard]] Result<std::size_t> put(ByteSpan bytes);
  [[nodiscard]] bool has_head() const;
  /// All of the body has been taken.
  [[nodiscard]] bool is_done() const;
  /// Once there is a head. `peer` is empty.
  [[nodiscard]] RequestHead head() const;
  /// Whether the client wants to go on with this connection.
  [[nodiscard]] bool keep_alive() const;
  /// Whether it waits for "100 Continue".
  [[nodiscard]] bool expects_continue() const;
  /// Whether it can read an answer in chunks.
  [[nodiscard]] bool knows_chunks() const;
  /// Of the body, where the head tells.
  [[nodiscard]] std::optional<Bytes> length() const;
  /// Where the next bytes of the body go.
  void body_into(MutableByteSpan room);
  /// How many have come there.
  [[nodiscard]] std::size_t body_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace godwit::http
