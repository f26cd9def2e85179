#pragma once

#include <memory>
#include <string>

#include "http/server.h"
#include "http/stream.h"

namespace godwit::http {

/// A connection, as the server has it: every read and write has its limit in time.
struct Wire {
  Wire(World& where, const ServerOptions& limits) : world(where), options(limits) {}

  /// False: TLS failed.
  [[nodiscard]] asio::awaitable<bool> shake_hands();
  /// False: the client has gone, or asked for nothing in time.
  /// Failure: as RequestParser::put; timed_out.
  [[nodiscard]] Task<bool> read_head(RequestParser& parser);
  /// Reads more behind what is unread. 0: the client has ended its side.
  [[nodiscard]] Task<std::size_t> read_more(MonoTime deadline);
  [[nodiscard]] Task<void> write(ByteSpan bytes);
  /// Reads what the client still sends, for a while: an answer is lost when its connection is
  /// closed over unread bytes.
  [[nodiscard]] asio::awaitable<void> drain();

  [[nodiscard]] ByteSpan unread() const {
    return as_bytes(std::string_view(input).substr(begin, end - begin));
  }

  World& world;
  const ServerOptions& options;
  std::unique_ptr<Stream> stream;
  TlsStream* secured = nullptr;  ///< `stream`, where it is TLS
  std::string peer;
  bool idle = false;  ///< between two requests
  std::string input;  ///< what is unread is [begin, end)
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What becomes of the connection after an answer.
enum class Next : std::uint8_t { keep, close };

/// The head of an answer, with the empty line.
[[nodiscard]] std::string write_head(const Answer& answer, AnswerSize size, Next next);

class ServerExchange final : public Exchange {
 public:
  ServerExchange(Wire& wire, RequestParser& parser, RequestHead head, CancelToken stopping)
      : wire_(wire), parser_(parser), head_(std::move(head)), stopping_(std::move(stopping)) {}

  [[nodiscard]] const RequestHead& head() const override { return head_; }
  [[nodiscard]] std::optional<Bytes> body_size() const override { return parser_.length(); }
  [[nodiscard]] Task<std::size_t> read(MutableByteSpan into) override;
  [[nodiscard]] Task<std::string> read_body(Bytes most) override;
  [[nodiscard]] Task<void> respond(Answer answer) override;
  [[nodiscard]] Task<void> begin(Answer answer, AnswerSize size) override;
  [[nodiscard]] Task<void> send(ByteSpan bytes) override;
  [[nodiscard]] Task<void> end() override;
  [[nodiscard]] bool answered() const override { return state_ != State::waiting; }
  [[nodiscard]] const CancelToken& stopping() const override { return stopping_; }

  /// After the handler. Whether the connection can serve another request.
  [[nodiscard]] asio::awaitable<bool> finish();

 private:
  enum class State : std::uint8_t { waiting, streaming, ended, broken };
  [[nodiscard]] Task<void> pass(ByteSpan bytes);
  /// 0: the body has ended.
  [[nodiscard]] Task<std::size_t> read_piece(MutableByteSpan into, Duration most);
  /// Reads what is left of a body that nobody wants, for a while: an answer is lost when its
  /// connection is closed over unread bytes.
  [[nodiscard]] asio::awaitable<void> discard_body();
  [[nodiscard]] Next next() const;
  [[nodiscard]] bool has_body(unsigned status) const;

  Wire& wire_;
  RequestParser& parser_;
  RequestHead head_;
  CancelToken stopping_;
  State state_ = State::waiting;
  Next next_ = Next::close;
  bool silent_ = false;     // the answer has no body, whatever is sent
  bool chunked_ = false;    // the answer
  Bytes left_ = 0;          // of an answer whose size is known
  bool continued_ = false;  // the client was told to send its body
};

}  // namespace godwit::http
