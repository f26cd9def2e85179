#include "store/coding/sealing.h"

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "store/coding/key_file.h"
#include "support/fake_world.h"
#include "world/real/real_world.h"

namespace godwit::coding {
namespace {

MasterKey key_of(char first) {
  MasterKey key;
  key.id = "k1";
  for (std::size_t i = 0; i < key.bytes.size(); ++i) {
    key.bytes[i] = static_cast<std::byte>(first + static_cast<char>(i));
  }
  return key;
}

Seal seal_of(char first) {
  Seal seal{.key_id = "k1"};
  for (std::size_t i = 0; i < seal.salt.size(); ++i) {
    seal.salt[i] = static_cast<std::byte>(first + static_cast<char>(i));
  }
  return seal;
}

std::string sealed(const std::string& plain) {
  ChunkCipher cipher(key_of(0), seal_of(64));
  std::string bytes = seal_header(seal_of(64));
  const std::uint64_t chunks = chunks_of(plain.size());
  for (std::uint64_t i = 0; i < chunks; ++i) {
    const std::string chunk = plain.substr(i * kChunkSize, kChunkSize);
    cipher.seal({.number = i, .last = i + 1 == chunks}, as_bytes(chunk), bytes);
  }
  return bytes;
}

Result<std::string> opened(std::string_view bytes) {
  GODWIT_TRY(const Bytes size, opened_size(bytes.size()));
  ChunkCipher cipher(key_of(0), seal_of(64));
  std::string plain;
  const std::uint64_t chunks = chunks_of(size);
  for (std::uint64_t i = 0; i < chunks; ++i) {
    const std::string_view chunk =
        bytes.substr(kSealHeader + i * kSealedChunkSize, kSealedChunkSize);
    GODWIT_CHECK(cipher.open({.number = i, .last = i + 1 == chunks}, as_bytes(chunk), plain));
  }
  return plain;
}

TEST(Sealing, of_every_size_opens_again) {
  for (const std::size_t size :
       {0UL, 1UL, kChunkSize - 1, kChunkSize, kChunkSize + 1, 5 * kChunkSize}) {
    const std::string plain(size, 'x');
    const std::string bytes = sealed(plain);
    EXPECT_EQ(bytes.size(), sealed_size(size));
    EXPECT_EQ(opened_size(bytes.size()).value(), size);
    EXPECT_TRUE(opened(bytes).value() == plain);
  }
}

// Computed by Python's `cryptography` from what sealing.h says.
TEST(Sealing, yields_the_very_bytes_that_others_compute) {
  const std::string bytes = sealed("hello");
  EXPECT_EQ(to_hex(as_bytes(bytes).subspan(0, 16)), "474f445749540d016b31000000000000");
  EXPECT_EQ(to_hex(as_bytes(bytes).subspan(kSealHeader)),
            "ad682bf6ad46ff4eb1d63f86c02f73390470bdc942");
  EXPECT_EQ(to_hex(as_bytes(seal_text(key_of(0), seal_of(64), "5 abc"))),
            "4ab6d6c70d11805b45766d0fa58a05319427763f58");
}

TEST(Sealing, no_cut_opens) {
  const std::string bytes = sealed(std::string(kChunkSize + 10, 'x'));
  for (const std::size_t size :
       {bytes.size() - 1, bytes.size() - 10, bytes.size() - 26, kSealHeader + kSealedChunkSize,
        kSealHeader + kTagSize, kSealHeader, Bytes{0}}) {
    const auto plain = opened(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(plain) << size;
    EXPECT_EQ(plain.error().code(), Code::corrupted);
  }
}

TEST(Sealing, chunks_do_not_open_in_each_others_place) {
  const std::string bytes = sealed(std::string(2 * kChunkSize, 'x'));
  const std::string swapped = bytes.substr(0, kSealHeader) +
                              bytes.substr(kSealHeader + kSealedChunkSize) +
                              bytes.substr(kSealHeader, kSealedChunkSize);
  EXPECT_FALSE(opened(swapped));
}

TEST(Sealing, a_text_opens_with_its_key_and_salt_only) {
  const std::string text = seal_text(key_of(0), seal_of(64), "17 etag");
  EXPECT_EQ(open_text(key_of(0), seal_of(64), as_bytes(text)).value(), "17 etag");
  EXPECT_FALSE(open_text(key_of(1), seal_of(64), as_bytes(text)));
  EXPECT_FALSE(open_text(key_of(0), seal_of(65), as_bytes(text)));
}

const std::string kOne = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const std::string kTwo = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

TEST(KeyFile, the_first_key_seals_and_all_open) {
  const KeyRing ring =
      KeyRing::parse("# keys\n\nnew " + kOne + " # since May\nold " + kTwo + "\n", "f").value();
  EXPECT_EQ(ring.sealing().id, "new");
  EXPECT_EQ(ring.find("old").value()->bytes[0], std::byte{1});
  const auto other = ring.find("other");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Code::permission_denied);
  EXPECT_EQ(other.error().message(), "it is sealed with key 'other', which is not in f");
}

TEST(KeyFile, what_is_wrong_is_told_with_its_line_and_without_the_key) {
  const auto told = [](const std::string& text) {
    const auto ring = KeyRing::parse(text, "f");
    EXPECT_FALSE(ring);
    if (ring) return std::string();
    EXPECT_EQ(ring.error().code(), Code::invalid_argument);
    EXPECT_EQ(ring.error().to_string().find("AAEC"), std::string::npos);
    return ring.error().message();
  };
  EXPECT_EQ(told("a " + kOne + "\na " + kTwo), "f:2: key 'a' is there already");
  EXPECT_EQ(told("\na AAEC\n"), "f:2: key 'a' is not 32 bytes in Base64");
  EXPECT_EQ(told("a " + kOne + " more"), "f:1: key 'a' is not 32 bytes in Base64");
  EXPECT_EQ(told(kOne), "f:1: a key has no id where one should be");
  EXPECT_EQ(told("# none\n"), "f has no key");
}

TEST(KeyFile, that_others_may_read_is_refused) {
  test::FakeWorld world;
  world.write("keys", new_key_line(world, "k"));
  const std::string path = world.path("keys");
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  const auto open = load_keys(world, path);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().message(), path + " can be read by others than its owner");
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  EXPECT_EQ(load_keys(world, path)->sealing().id, "k");
  EXPECT_FALSE(load_keys(world, path + "x"));
}

TEST(KeyFile, of_the_service_manager_is_found_by_its_name) {
  test::FakeWorld world;
  world.write("keys", new_key_line(world, "k"));
  EXPECT_EQ(load_keys(world, "keys").error().message(), "'keys' is no absolute path");
  world.variables["CREDENTIALS_DIRECTORY"] = world.path("");
  EXPECT_TRUE(load_keys(world, "keys"));
}

TEST(KeyFile, new_keys_differ) {
  RealWorld world;
  EXPECT_NE(new_key_line(world, "a"), new_key_line(world, "a"));
}

}  // namespace
}  // namespace godwit::coding
