#include "base/crc.h"

#include <array>
#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

namespace godwit {
namespace {

/// Both polynomials with their bits reversed, as the bytes on the wire have them.
constexpr std::uint32_t kCastagnoli = 0x82f63b78;
constexpr std::uint64_t kNvme = 0x9a6c9329ac4bc9b5;

constexpr std::size_t kStep = 8;
template <class U>
using Tables = std::array<std::array<U, 256>, kStep>;

/// tables[n][b]: what byte `b` does to the remainder when `n` bytes follow it.
template <class U>
constexpr Tables<U> make_tables(U polynomial) {
  Tables<U> tables{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    U value = static_cast<U>(byte);
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
    tables[0][byte] = value;
  }
  for (std::size_t n = 1; n < kStep; ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const U before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables<std::uint32_t> kCastagnoliTables = make_tables(kCastagnoli);
constexpr Tables<std::uint64_t> kNvmeTables = make_tables(kNvme);

std::uint64_t load(const std::byte* from) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Eight bytes at a time, by eight look-ups that do not wait for one another.
template <class U>
U run_tables(const Tables<U>& tables, U state, ByteSpan bytes) {
  for (; bytes.size() >= kStep; bytes = bytes.subspan(kStep)) {
    const std::uint64_t word = load(bytes.data()) ^ state;
    state = 0;
    for (std::size_t n = 0; n < kStep; ++n) state ^= tables[kStep - 1 - n][word >> (8 * n) & 0xff];
  }
  for (const std::byte byte : bytes) {
    const auto index = (state ^ std::to_integer<U>(byte)) & 0xff;
    state = (state >> 8) ^ tables[0][static_cast<std::size_t>(index)];
  }
  return state;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) std::uint32_t run_processor(std::uint32_t state, ByteSpan bytes) {
  std::uint64_t wide = state;
  for (; bytes.size() >= kStep; bytes = bytes.subspan(kStep)) {
    wide = _mm_crc32_u64(wide, load(bytes.data()));
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (const std::byte byte : bytes) {
    narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(byte));
  }
  return narrow;
}
#endif

}  // namespace

void Crc32c::update(ByteSpan bytes) {
#ifdef __x86_64__
  static const bool able = __builtin_cpu_supports("sse4.2") != 0;
  if (able) {
    state_ = run_processor(state_, bytes);
    return;
  }
#endif
  state_ = run_tables(kCastagnoliTables, state_, bytes);
}

void Crc64Nvme::update(ByteSpan bytes) { state_ = run_tables(kNvmeTables, state_, bytes); }

}  // namespace godwit
