#include "store/s3/s3_chunked_body.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

namespace godwit::s3 {
namespace {

/// The least that AWS takes is 8 KiB, but for the last one.
constexpr Bytes kChunk = 64 * kKiB;
constexpr std::string_view kSignatureField = ";chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature:";
constexpr std::size_t kSignatureSize = 64;
constexpr std::string_view kLineEnd = "\r\n";

std::string hex_size(Bytes size) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%llx", static_cast<unsigned long long>(size));
  return text.data();
}

template <class U>
std::string big_endian(U value) {
  std::string bytes;
  for (std::size_t i = sizeof value; i-- > 0;) bytes += static_cast<char>(value >> (8 * i));
  return to_base64(as_bytes(bytes));
}

Bytes frame_size(Bytes data, const ChunkOptions& options) {
  const Bytes head = hex_size(data).size() + kLineEnd.size() +
                     (options.signer ? kSignatureField.size() + kSignatureSize : 0);
  return head + (data == 0 ? 0 : data + kLineEnd.size());
}

class ChunkedBody final : public Body {
 public:
  ChunkedBody(Body& inner, Bytes size, const ChunkOptions& options)
      : inner_(inner), size_(size), options_(options), chain_(options.signer) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    if (at_ == frame_.size()) GODWIT_CO_CHECK(co_await next_frame());
    const std::size_t count = std::min(into.size(), frame_.size() - at_);
    std::memcpy(into.data(), frame_.data() + at_, count);
    at_ += count;
    co_return count;
  }

  Result<void> rewind() override {
    GODWIT_CHECK(inner_.rewind());
    chain_ = options_.signer;
    checksum_ = Checksum(options_.checksum);
    frame_.clear();
    at_ = 0;
    sent_ = 0;
    ended_ = false;
    return {};
  }

 private:
  /// Empty at the end.
  Task<void> next_frame() {
    frame_.clear();
    at_ = 0;
    if (std::exchange(ended_, sent_ == size_)) co_return Result<void>();
    if (ended_) co_return co_await end();
    const auto want = static_cast<std::size_t>(std::min(kChunk, size_ - sent_));
    data_.resize(want);
    GODWIT_CO_TRY(const std::size_t got,
                  co_await read_full(inner_, std::as_writable_bytes(std::span(data_))));
    sent_ += got;
    if (got < want) {
      co_return fail(Code::corrupted, "the body ended after " + std::to_string(sent_) + " of " +
                                          std::to_string(size_) + " bytes");
    }
    checksum_.update(as_bytes(data_));
    add_head(as_bytes(data_));
    frame_.append(data_).append(kLineEnd);
    co_return Result<void>();
  }

  Task<void> end() {
    std::array<std::byte, 1> beyond{};
    GODWIT_CO_TRY(const std::size_t more, co_await inner_.read(beyond));
    if (more > 0) {
      co_return fail(Code::corrupted,
                     "the body is longer than its " + std::to_string(size_) + " bytes");
    }
    add_head({});
    if (options_.checksum != ChecksumKind::none) add_trailer();
    frame_ += kLineEnd;
    co_return Result<void>();
  }

  void add_head(ByteSpan data) {
    frame_ += hex_size(data.size());
    if (chain_) frame_.append(kSignatureField).append(chain_->sign(data));
    frame_ += kLineEnd;
  }

  void add_trailer() {
    std::string line(checksum_header(options_.checksum));
    line.append(":").append(checksum_.text());
    frame_.append(line).append(kLineEnd);
    if (!chain_) return;
    frame_.append(kTrailerSignature).append(chain_->sign_trailer(line + "\n")).append(kLineEnd);
  }

  Body& inner_;
  Bytes size_;
  ChunkOptions options_;
  std::optional<http::ChunkSigner> chain_;
  Checksum checksum_{options_.checksum};
  std::string data_;
  std::string frame_;
  std::size_t at_ = 0;
  Bytes sent_ = 0;
  bool ended_ = false;
};

class CheckedBody final : public Body {
 public:
  CheckedBody(std::unique_ptr<Body> inner, ChecksumKind kind, std::string expected)
      : inner_(std::move(inner)), checksum_(kind), expected_(std::move(expected)) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    GODWIT_CO_TRY(const std::size_t count, co_await inner_->read(into));
    checksum_.update(into.first(count));
    if (count > 0 || checksum_.text() == expected_) co_return count;
    co_return fail(Error(Code::corrupted, "the bytes that came do not have the service's checksum")
                       .with(Retry::later));
  }

 private:
  std::unique_ptr<Body> inner_;
  Checksum checksum_;
  std::string expected_;
};

}  // namespace

void Checksum::update(ByteSpan bytes) {
  switch (kind_) {
    case ChecksumKind::none: break;
    case ChecksumKind::crc32c: crc32c_.update(bytes); break;
    case ChecksumKind::crc64nvme: crc64_.update(bytes); break;
  }
}

std::string Checksum::text() const {
  switch (kind_) {
    case ChecksumKind::none: break;
    case ChecksumKind::crc32c: return big_endian(crc32c_.value());
    case ChecksumKind::crc64nvme: return big_endian(crc64_.value());
  }
  return {};
}

std::string_view checksum_header(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::none: break;
    case ChecksumKind::crc32c: return "x-amz-checksum-crc32c";
    case ChecksumKind::crc64nvme: return "x-amz-checksum-crc64nvme";
  }
  return {};
}

Bytes chunked_size(Bytes size, const ChunkOptions& options) {
  Bytes total = size / kChunk * frame_size(kChunk, options);
  if (size % kChunk > 0) total += frame_size(size % kChunk, options);
  total += frame_size(0, options) + kLineEnd.size();
  if (options.checksum == ChecksumKind::none) return total;
  total += checksum_header(options.checksum).size() + 1 + Checksum(options.checksum).text().size() +
           kLineEnd.size();
  if (options.signer) total += kTrailerSignature.size() + kSignatureSize + kLineEnd.size();
  return total;
}

std::unique_ptr<Body> make_chunked_body(Body& inner, Bytes size, const ChunkOptions& options) {
  return std::make_unique<ChunkedBody>(inner, size, options);
}

std::unique_ptr<Body> make_checked_body(std::unique_ptr<Body> inner, ChecksumKind kind,
                                        std::string expected) {
  return std::make_unique<CheckedBody>(std::move(inner), kind, std::move(expected));
}

}  // namespace godwit::s3
