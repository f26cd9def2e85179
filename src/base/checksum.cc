#include "base/checksum.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

#include <new>

namespace godwit {
namespace {

const unsigned char* raw(ByteSpan bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

template <std::size_t N>
unsigned char* raw(std::array<std::byte, N>& digest) {
  return reinterpret_cast<unsigned char*>(digest.data());
}

}  // namespace

struct Md5::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  Impl() {
    if (context == nullptr) throw std::bad_alloc();
    EVP_DigestInit_ex(context, EVP_md5(), nullptr);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { EVP_MD_CTX_free(context); }
};

Md5::Md5() : impl_(std::make_unique<Impl>()) {}
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;
Md5::~Md5() = default;

void Md5::update(ByteSpan bytes) { EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()); }

Md5Digest Md5::finish() {
  Md5Digest digest{};
  EVP_DigestFinal_ex(impl_->context, raw(digest), nullptr);
  EVP_DigestInit_ex(impl_->context, EVP_md5(), nullptr);
  return digest;
}

struct Xxh128::Impl {
  XXH3_state_t* state = XXH3_createState();

  Impl() {
    if (state == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(state);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { XXH3_freeState(state); }
};

Xxh128::Xxh128() : impl_(std::make_unique<Impl>()) {}
Xxh128::Xxh128(Xxh128&&) noexcept = default;
Xxh128& Xxh128::operator=(Xxh128&&) noexcept = default;
Xxh128::~Xxh128() = default;

void Xxh128::update(ByteSpan bytes) {
  XXH3_128bits_update(impl_->state, bytes.data(), bytes.size());
}

Xxh128Digest Xxh128::finish() {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(impl_->state));
  XXH3_128bits_reset(impl_->state);
  Xxh128Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = std::byte{canonical.digest[i]};
  return digest;
}

Md5Digest md5(ByteSpan bytes) {
  Md5Digest digest{};
  EVP_Digest(bytes.data(), bytes.size(), raw(digest), nullptr, EVP_md5(), nullptr);
  return digest;
}

Sha256Digest sha256(ByteSpan bytes) {
  Sha256Digest digest{};
  EVP_Digest(bytes.data(), bytes.size(), raw(digest), nullptr, EVP_sha256(), nullptr);
  return digest;
}

Sha256Digest hmac_sha256(ByteSpan key, ByteSpan message) {
  Sha256Digest digest{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(message), message.size(),
       raw(digest), nullptr);
  return digest;
}

std::string to_hex(ByteSpan bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4];
    text += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return text;
}

std::string to_base64(ByteSpan bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), raw(bytes),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     raw(as_bytes(text)), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  const auto padding = static_cast<std::size_t>(text.ends_with("==") ? 2 : text.ends_with('='));
  bytes.resize(static_cast<std::size_t>(length) - padding);
  // It skips blanks and takes bits that are no part of the bytes: what does not come back is none.
  if (to_base64(as_bytes(bytes)) != text) return std::nullopt;
  return bytes;
}

}  // namespace godwit
