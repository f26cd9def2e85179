#include "world/real/directory_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace godwit {
namespace {

using namespace std::chrono_literals;

class DirectoryWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(root_.data()), nullptr);
    watch_ = DirectoryWatch::open(root(), ".godwit").value();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  [[nodiscard]] const std::string& root() const { return root_; }
  void write(const std::string& path, const std::string& text = "x") const {
    std::ofstream(root() + "/" + path) << text;
  }
  void make(const std::string& path) const {
    std::filesystem::create_directories(root() + "/" + path);
  }
  /// All that is told until nothing is for a while.
  DirectoryWatch::Changes seen() {
    DirectoryWatch::Changes all;
    while (true) {
      const auto some = watch_->wait(100ms).value();
      if (some.paths.empty() && !some.rescan && !some.gone) break;
      all.paths.insert(all.paths.end(), some.paths.begin(), some.paths.end());
      all.rescan = all.rescan || some.rescan;
      all.gone = all.gone || some.gone;
    }
    std::ranges::sort(all.paths);
    const auto [first, last] = std::ranges::unique(all.paths);
    all.paths.erase(first, last);
    return all;
  }

  std::string root_ = testing::TempDir() + "watch-XXXXXX";
  std::unique_ptr<DirectoryWatch> watch_;
};

using Paths = std::vector<std::string>;

TEST_F(DirectoryWatchTest, a_file_is_told_of_when_it_is_closed_moved_linked_and_removed) {
  {
    std::ofstream file(root() + "/a");
    file << "half";
    file.flush();
    EXPECT_EQ(seen().paths, Paths{});
  }
  EXPECT_EQ(seen().paths, Paths{"a"});
  std::filesystem::rename(root() + "/a", root() + "/b");
  EXPECT_EQ(seen().paths, (Paths{"a", "b"}));
  std::filesystem::create_hard_link(root() + "/b", root() + "/c");
  EXPECT_EQ(seen().paths, Paths{"c"});
  std::filesystem::remove(root() + "/b");
  EXPECT_EQ(seen().paths, Paths{"b"});
}

TEST_F(DirectoryWatchTest, what_was_put_into_a_new_directory_before_it_was_seen_is_told_of) {
  make("d/e/f");
  write("d/e/f/x");
  write("d/y");
  EXPECT_EQ(seen().paths, (Paths{"d/e/f/x", "d/y"}));
  write("d/e/z");
  EXPECT_EQ(seen().paths, Paths{"d/e/z"});
}

TEST_F(DirectoryWatchTest, a_directory_that_is_moved_within_is_told_of_where_it_is_now) {
  make("d/e");
  make("d-b");
  write("d/e/x");
  (void)seen();
  std::filesystem::rename(root() + "/d", root() + "/n");
  const auto moved = seen();
  EXPECT_TRUE(moved.rescan) << "what was there is gone, and nobody can name it";
  EXPECT_EQ(moved.paths, Paths{"n/e/x"});
  write("n/e/y");
  write("d-b/z");
  EXPECT_EQ(seen().paths, (Paths{"d-b/z", "n/e/y"}));
}

TEST_F(DirectoryWatchTest, our_own_and_links_are_passed_over) {
  make(".godwit/tmp");
  write(".godwit/tmp/x");
  make("out");
  std::filesystem::create_directory_symlink("/", root() + "/out/link");
  EXPECT_EQ(seen().paths, Paths{});
  make("deep/.godwit");
  write("deep/.godwit/x");
  EXPECT_EQ(seen().paths, Paths{"deep/.godwit/x"});
}

TEST_F(DirectoryWatchTest, a_root_that_is_removed_is_gone) {
  std::filesystem::remove_all(root());
  EXPECT_TRUE(seen().gone);
  EXPECT_EQ(DirectoryWatch::open(root(), ".godwit").error().code(), Code::not_found);
}

}  // namespace
}  // namespace godwit
