#include "store/coding/sealing.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <new>

#include "base/checksum.h"

namespace godwit::coding {
namespace {

constexpr std::string_view kMagic = "GODWIT\r\x01";
constexpr std::string_view kForBody = "godwit 1 body";
constexpr std::string_view kForText = "godwit 1 text";
constexpr std::size_t kNonceSize = 12;

using Nonce = std::array<std::byte, kNonceSize>;

static_assert(kMagic.size() + kLongestKeyId + sizeof(Salt) == kSealHeader);

unsigned char* raw(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
int length(std::size_t size) { return static_cast<int>(size); }

void must(bool worked) {
  if (!worked) throw std::bad_alloc();
}

/// RFC 5869, of one block.
KeyBytes derive(const MasterKey& key, const Salt& salt, std::string_view purpose) {
  Sha256Digest extracted = hmac_sha256(salt, key.bytes);
  const KeyBytes derived = hmac_sha256(extracted, as_bytes(std::string(purpose) + '\x01'));
  OPENSSL_cleanse(extracted.data(), extracted.size());
  return derived;
}

/// The number, highest byte first, and whether it is the last one.
Nonce nonce_of(ChunkPlace place) {
  Nonce nonce{};
  for (std::size_t i = 0; i < sizeof place.number; ++i) {
    nonce[kNonceSize - 2 - i] = static_cast<std::byte>(place.number >> (8 * i));
  }
  nonce.back() = std::byte{place.last};
  return nonce;
}

std::unexpected<Error> bad_seal() {
  return fail(Error(Code::corrupted, "the sealed body is damaged, or another one's"));
}

/// AES-256-GCM with one key and what goes with every text.
class Cipher {
 public:
  Cipher(KeyBytes key, std::string about) : about_(std::move(about)) {
    must(context_ != nullptr &&
         EVP_CipherInit_ex(context_, EVP_aes_256_gcm(), nullptr, raw(key.data()), nullptr, 1) == 1);
    OPENSSL_cleanse(key.data(), key.size());
  }
  Cipher(Cipher&&) = delete;
  ~Cipher() { EVP_CIPHER_CTX_free(context_); }

  void seal(const Nonce& nonce, ByteSpan plain, std::string& sealed) {
    const std::size_t at = sealed.size();
    sealed.resize(at + plain.size() + kTagSize);
    start(nonce, 1);
    update(plain, sealed.data() + at);
    int more = 0;
    must(EVP_CipherFinal_ex(context_, raw(sealed.data() + at + plain.size()), &more) == 1);
    must(EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, length(kTagSize),
                             sealed.data() + at + plain.size()) == 1);
  }

  [[nodiscard]] bool open(const Nonce& nonce, ByteSpan sealed, std::string& plain) {
    if (sealed.size() < kTagSize) return false;
    const std::size_t at = plain.size();
    const std::size_t size = sealed.size() - kTagSize;
    std::string tag(as_text(sealed.last(kTagSize)));
    plain.resize(at + size);
    start(nonce, 0);
    update(sealed.first(size), plain.data() + at);
    must(EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, length(kTagSize), tag.data()) == 1);
    int more = 0;
    const bool right = EVP_CipherFinal_ex(context_, raw(tag.data()), &more) == 1;
    if (!right) plain.resize(at);
    return right;
  }

 private:
  void start(const Nonce& nonce, int sealing) {
    must(EVP_CipherInit_ex(context_, nullptr, nullptr, nullptr, raw(nonce.data()), sealing) == 1);
    int taken = 0;
    must(EVP_CipherUpdate(context_, nullptr, &taken, raw(as_bytes(about_).data()),
                          length(about_.size())) == 1);
  }
  void update(ByteSpan from, char* to) {
    int given = 0;
    if (from.empty()) return;
    must(EVP_CipherUpdate(context_, raw(to), &given, raw(from.data()), length(from.size())) == 1);
  }

  EVP_CIPHER_CTX* context_ = EVP_CIPHER_CTX_new();
  std::string about_;
};

}  // namespace

MasterKey::~MasterKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

Result<Bytes> opened_size(Bytes sealed) {
  if (sealed < kSealHeader + kTagSize) return bad_seal();
  const Bytes chunks = sealed - kSealHeader;
  const Bytes in_last = chunks % kSealedChunkSize;
  const bool empty_at_end = in_last == kTagSize && chunks > kTagSize;
  if (empty_at_end || (in_last != 0 && in_last < kTagSize)) return bad_seal();
  return chunks - (chunks / kSealedChunkSize + (in_last == 0 ? 0 : 1)) * kTagSize;
}

std::string seal_header(const Seal& seal) {
  std::string header(kMagic);
  header += seal.key_id;
  header.resize(kMagic.size() + kLongestKeyId, '\0');
  header += as_text(seal.salt);
  return header;
}

struct ChunkCipher::Impl {
  Cipher cipher;
};

ChunkCipher::ChunkCipher(const MasterKey& key, const Seal& seal)
    : impl_(new Impl{Cipher(derive(key, seal.salt, kForBody), seal_header(seal))}) {}
ChunkCipher::ChunkCipher(ChunkCipher&&) noexcept = default;
ChunkCipher::~ChunkCipher() = default;

void ChunkCipher::seal(ChunkPlace place, ByteSpan plain, std::string& sealed) {
  impl_->cipher.seal(nonce_of(place), plain, sealed);
}

Result<void> ChunkCipher::open(ChunkPlace place, ByteSpan sealed, std::string& plain) {
  if (!impl_->cipher.open(nonce_of(place), sealed, plain)) return bad_seal();
  return {};
}

std::string seal_text(const MasterKey& key, const Seal& seal, std::string_view text) {
  std::string sealed;
  Cipher(derive(key, seal.salt, kForText), seal_header(seal)).seal({}, as_bytes(text), sealed);
  return sealed;
}

Result<std::string> open_text(const MasterKey& key, const Seal& seal, ByteSpan sealed) {
  std::string text;
  Cipher cipher(derive(key, seal.salt, kForText), seal_header(seal));
  if (!cipher.open({}, sealed, text)) return bad_seal();
  return text;
}

}  // namespace godwit::coding
