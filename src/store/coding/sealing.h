#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

/// Bodies that only who has the key can read, or change unnoticed.
///
/// A sealed body is a header of kSealHeader bytes (magic, key id, salt) and chunks of 64 KiB, each
/// with AES-256-GCM (NIST SP 800-38D). Its key is HKDF-SHA256 (RFC 5869) of the master key with the
/// salt, of 32 bytes that nobody guesses, drawn anew for every body: so a key seals one body only.
/// The nonce of a chunk is its number, and whether it is the last one: STREAM (Hoang, Reyhanitabar,
/// Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015),
/// cut as in the age format (C2SP, age.md). So chunks cannot be changed, swapped, left out or cut
/// off at the end unnoticed, and one alone can be opened.
namespace godwit::coding {

inline constexpr std::size_t kKeySize = 32;
using KeyBytes = std::array<std::byte, kKeySize>;
using Salt = std::array<std::byte, 32>;

/// A master key and its name. Wiped when it goes.
struct MasterKey {
  std::string id;
  KeyBytes bytes{};

  MasterKey() = default;
  MasterKey(const MasterKey&) = default;
  MasterKey& operator=(const MasterKey&) = default;
  ~MasterKey();
};

/// Which key a body is sealed with.
struct Seal {
  std::string key_id;  ///< at most kLongestKeyId bytes
  Salt salt{};
};
inline constexpr std::size_t kLongestKeyId = 32;

inline constexpr Bytes kChunkSize = 64 * kKiB;
inline constexpr Bytes kTagSize = 16;
inline constexpr Bytes kSealedChunkSize = kChunkSize + kTagSize;
inline constexpr Bytes kSealHeader = 8 + kLongestKeyId + sizeof(Salt);

/// A body has at least one chunk; only the last one may have less than kChunkSize, none if it is
/// alone.
[[nodiscard]] constexpr std::uint64_t chunks_of(Bytes size) {
  return size == 0 ? 1 : size / kChunkSize + (size % kChunkSize == 0 ? 0 : 1);
}
[[nodiscard]] constexpr Bytes sealed_size(Bytes size) {
  return kSealHeader + size + chunks_of(size) * kTagSize;
}
/// Of what a sealed body of this size holds. Failure: corrupted for sizes that none has.
[[nodiscard]] Result<Bytes> opened_size(Bytes sealed);

[[nodiscard]] std::string seal_header(const Seal& seal);

/// Which chunk of a body.
struct ChunkPlace {
  std::uint64_t number = 0;  ///< from 0
  bool last = false;
};

/// Seals and opens the chunks of one body. One thread at a time.
class ChunkCipher {
 public:
  ChunkCipher(const MasterKey& key, const Seal& seal);
  ChunkCipher(ChunkCipher&&) noexcept;
  ~ChunkCipher();

  /// Appends the sealed chunk to `sealed`.
  void seal(ChunkPlace place, ByteSpan plain, std::string& sealed);
  /// Appends what is in it to `plain`. Failure: corrupted; then nothing is appended.
  [[nodiscard]] Result<void> open(ChunkPlace place, ByteSpan sealed, std::string& plain);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A short text, sealed beside a body, with a key of its own from the same salt. Each salt seals
/// one.
[[nodiscard]] std::string seal_text(const MasterKey& key, const Seal& seal, std::string_view text);
/// Failure: corrupted.
[[nodiscard]] Result<std::string> open_text(const MasterKey& key, const Seal& seal,
                                            ByteSpan sealed);

}  // namespace godwit::coding
