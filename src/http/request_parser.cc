#include "http/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <limits>

namespace godwit::http {

namespace beast = boost::beast::http;

struct RequestParser::Impl {
  beast::request_parser<beast::buffer_body> parser;
  std::size_t room = 0;
};

RequestParser::RequestParser(Bytes max_head) : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(static_cast<std::uint32_t>(
      std::min<Bytes>(max_head, std::numeric_limits<std::uint32_t>::max())));
  // The reader of a body knows how much it wants.
  impl_->parser.body_limit(boost::none);
  impl_->parser.eager(false);
  impl_->parser.get().body().more = true;
}

RequestParser::~RequestParser() = default;

Result<std::size_t> RequestParser::put(ByteSpan bytes) {
  if (is_done() || (has_head() && impl_->parser.get().body().size == 0)) return 0;
  impl_->parser.eager(has_head());
  boost::system::error_code error;
  const std::size_t used = impl_->parser.put(asio::buffer(bytes.data(), bytes.size()), error);
  if (!error || error == beast::error::need_more || error == beast::error::need_buffer) return used;
  if (error == beast::error::header_limit) {
    return fail(Code::limit_exceeded, "the head of the request is too large");
  }
  return fail(Code::corrupted, "not HTTP: " + error.message());
}

bool RequestParser::has_head() const { return impl_->parser.is_header_done(); }
bool RequestParser::is_done() const { return impl_->parser.is_done(); }

RequestHead RequestParser::head() const {
  const auto& message = impl_->parser.get();
  RequestHead head{.method = std::string(message.method_string()),
                   .target = std::string(message.target())};
  for (const auto& field : message) {
    head.headers.add(std::string_view(field.name_string()), std::string(field.value()));
  }
  return head;
}

bool RequestParser::keep_alive() const { return impl_->parser.keep_alive(); }
bool RequestParser::knows_chunks() const { return impl_->parser.get().version() >= 11; }

bool RequestParser::expects_continue() const {
  const auto& message = impl_->parser.get();
  return knows_chunks() &&
         boost::beast::iequals(message[boost::beast::http::field::expect], "100-continue");
}

std::optional<Bytes> RequestParser::length() const {
  const auto length = impl_->parser.content_length();
  return length ? std::optional<Bytes>(*length) : std::nullopt;
}

void RequestParser::body_into(MutableByteSpan room) {
  auto& body = impl_->parser.get().body();
  body.data = room.data();
  body.size = room.size();
  impl_->room = room.size();
}

std::size_t RequestParser::body_count() const {
  return impl_->room - impl_->parser.get().body().size;
}

}  // namespace godwit::http
