// A group whose target is compressed and sealed: it serves, takes over and gives back.
#include <cstdlib>

#include "support/store_fixture.h"

namespace godwit {
namespace {

class CodedGroup : public StoreTest {
 protected:
  CodedGroup() {
    fs::create_directories(root_);
    std::ofstream(path("keys")) << "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    fs::permissions(path("keys"), fs::perms(0600));
    config_.targets = {
        {.name = "b",
         .url = "file://" + path("b") + "?compression=zstd&encryption_key_file=" + path("keys"),
         .region = "far"}};
  }
  static std::string text_of(std::size_t size, char kind) {
    std::string text;
    while (text.size() < size) text += "line " + std::to_string(text.size() % 977) + kind + "\n";
    text.resize(size);
    return text;
  }
  static std::string noise_of(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint64_t state = size;
    for (char& c : bytes) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      c = static_cast<char>(state >> 56);
    }
    return bytes;
  }
  void put(const std::string& key, const std::string& body) {
    const auto receipt = store_->put(key, body);
    ASSERT_TRUE(receipt) << receipt.error().to_string();
    ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
    bodies_[key] = body;
  }
  void expect_all(ReadPreference preference) {
    for (const auto& [key, body] : bodies_) {
      EXPECT_TRUE(get(key, {.preference = preference}) == body) << key;
    }
  }

  std::map<std::string, std::string> bodies_;
};

TEST_F(CodedGroup, serves_reads_takes_over_and_gives_back_with_small_and_large_bodies) {
  open();
  put("small", "attack at dawn");
  put("text", text_of(3'000'000, 'a'));
  put("large", text_of(21'000'000, 'b'));
  put("noise", noise_of(17'000'000));
  EXPECT_EQ(held("small").find("dawn"), std::string::npos);
  EXPECT_LT(held("text").size(), 500'000U);
  EXPECT_LT(held("large").size(), 5'000'000U);
  EXPECT_EQ(held("large").find("line"), std::string::npos);
  expect_all(ReadPreference::secondary);
  const auto moved = store_->move_primary({.to = "b"});
  ASSERT_TRUE(moved) << moved.error().to_string();
  put("small", "attack at noon");
  put("after", text_of(19'000'000, 'c'));
  EXPECT_EQ(held("after").find("line"), std::string::npos);
  expect_all(ReadPreference::primary);
  expect_all(ReadPreference::secondary);
  reopen();
  const auto back = store_->move_primary({.to = "p"});
  ASSERT_TRUE(back) << back.error().to_string();
  ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
  expect_all(ReadPreference::primary);
  expect_all(ReadPreference::secondary);
}

TEST_F(CodedGroup, does_not_open_without_its_keys_and_says_which_file) {
  fs::permissions(path("keys"), fs::perms(0644));
  EXPECT_NE(refusal().find(path("keys") + " can be read by others than its owner"),
            std::string::npos)
      << refusal();
  config_.targets[0].url = "file://" + path("b") + "?compression=zst";
  EXPECT_NE(refusal().find("'zst' is not a value of option 'compression'"), std::string::npos)
      << refusal();
}

}  // namespace
}  // namespace godwit
