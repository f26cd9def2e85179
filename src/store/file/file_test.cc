#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/file/file_key.h"
#include "store/file/file_metadata.h"
#include "store/file/file_store.h"
#include "world/real/real_world.h"

namespace godwit::file {
namespace {

namespace fs = std::filesystem;

TEST(FileKey, refuses_what_cannot_be_one_path) {
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
        std::string("a/../b"), std::string("a/./b"), std::string(".godwit/x"),
        std::string(".godwit"), std::string(256, 'x'), std::string(1025, 'x'),
        std::string("a\0b", 3), std::string("\xff")}) {
    EXPECT_FALSE(check_key(key)) << key;
  }
  for (const char* key : {"a", ".hidden", "a/b/c", "..a", "a..", ".godwitx", "\xe6\x97\xa5"}) {
    EXPECT_TRUE(check_key(key)) << key;
  }
}

TEST(FileKey, knows_utf8_from_what_only_looks_like_it) {
  EXPECT_TRUE(is_utf8("a\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xa6"));
  for (const char* text : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                           "\xf5\x80\x80\x80", "\xf0\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(FileRecord, comes_back_as_it_was_and_nonsense_does_not) {
  Record record;
  record.metadata.content_type = "text/plain";
  record.metadata.user["k"] = "gr\xc3\xbcn";
  record.metadata.tags["t"] = "1";
  record.content_etag = "x";
  record.size = 5;
  record.modified = WallTime(std::chrono::nanoseconds(123));
  const Record again = decode(encode(record)).value();
  EXPECT_EQ(again.metadata, record.metadata);
  EXPECT_EQ(again.content_etag, "x");
  EXPECT_EQ(again.modified, record.modified);
  for (const char* text : {"", "{}", "[]", "{\"format\":2}", "{\"format\":1,\"size\":\"x\"}"}) {
    EXPECT_FALSE(decode(text)) << text;
  }
}

TEST(FileRecord, a_proven_token_holds_until_the_file_changes) {
  Record record;
  record.content_etag = "md5";
  record.size = 5;
  FileStat stat{.size = 5};
  EXPECT_EQ(etag_of(stat, &record), "md5");
  stat.modified += std::chrono::nanoseconds(1);
  EXPECT_NE(etag_of(stat, &record), "md5");
  EXPECT_NE(etag_of(stat, nullptr), etag_of(FileStat{.size = 6}, nullptr));
}

class FileStoreTest : public testing::Test {
 protected:
  FileStoreTest() { fs::create_directories(root_); }
  ~FileStoreTest() override { fs::remove_all(root_); }

  std::unique_ptr<Store> open(const std::string& options = "") {
    const StoreSpec spec = parse_store_url("file://" + root_ + options, "/").value();
    return file_scheme().open(world_, spec).value();
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(root_ + "/" + name).parent_path());
    std::ofstream(root_ + "/" + name) << text;
  }
  template <class T>
  static asio::awaitable<void> keep(Task<T> task, std::optional<Result<T>>& result) {
    result = co_await std::move(task);
  }
  template <class T>
  Result<T> run(Task<T> task) {
    std::optional<Result<T>> result;
    world_.run(keep(std::move(task), result));
    return *std::move(result);
  }
  Result<std::vector<ListEntry>> list(Store& store) {
    const std::unique_ptr<Listing> listing = store.list(ListOptions{});
    return run(listing->next(context_));
  }
  Result<PutResult> put(Store& store, const std::string& key, std::string bytes,
                        const PutOptions& options = {}) {
    const Bytes size = bytes.size();
    MemoryBody body(std::move(bytes));
    return run(store.put(context_, key, {&body, size}, options));
  }

  RealWorld world_;
  Context context_{world_};
  std::string root_ = testing::TempDir() + "godwit-file-" + std::to_string(::getpid());
};

TEST_F(FileStoreTest, links_are_skipped_followed_or_an_error_as_asked) {
  write("a", "1");
  fs::create_symlink("a", root_ + "/link");
  fs::create_symlink("nowhere", root_ + "/dangling");
  EXPECT_EQ(list(*open())->size(), 1);
  EXPECT_EQ(list(*open("?symlinks=follow"))->size(), 2);
  EXPECT_EQ(list(*open("?symlinks=error")).error().code(), Code::invalid_argument);
}

TEST_F(FileStoreTest, a_circle_of_links_is_found) {
  write("d/a", "1");
  fs::create_directory_symlink("..", root_ + "/d/up");
  const auto listed = list(*open("?symlinks=follow"));
  ASSERT_FALSE(listed);
  EXPECT_NE(listed.error().to_string().find("circle"), std::string::npos);
}

TEST_F(FileStoreTest, what_is_no_file_is_no_object_and_never_opened) {
  ASSERT_EQ(::mkfifo((root_ + "/fifo").c_str(), 0600), 0);
  const auto store = open();
  EXPECT_TRUE(list(*store)->empty());
  const std::string key = "fifo";
  EXPECT_EQ(run(store->get(context_, key, {})).error().code(), Code::not_found);
}

TEST_F(FileStoreTest, a_name_that_no_key_can_say_is_an_error_that_names_it) {
  write("bad\xff", "1");
  const auto listed = list(*open());
  ASSERT_FALSE(listed);
  EXPECT_NE(listed.error().to_string().find("UTF-8"), std::string::npos);
}

TEST_F(FileStoreTest, a_missing_root_is_a_mistake_unless_it_is_to_be_filled) {
  fs::remove_all(root_);
  EXPECT_EQ(list(*open()).error().code(), Code::not_found);
  const auto store = open("?missing=empty");
  EXPECT_TRUE(list(*store)->empty());
  EXPECT_TRUE(put(*store, "d/a", "1"));
  EXPECT_EQ(list(*store)->size(), 1);
}

TEST_F(FileStoreTest, a_name_is_a_file_or_a_prefix_not_both) {
  const auto store = open();
  ASSERT_TRUE(put(*store, "a", "1"));
  ASSERT_TRUE(put(*store, "d/b", "1"));
  EXPECT_FALSE(put(*store, "a/b", "1"));
  const auto over_directory = put(*store, "d", "1");
  EXPECT_EQ(over_directory.error().code(), Code::invalid_argument);
  EXPECT_TRUE(fs::is_empty(root_ + "/.godwit/tmp"));
}

TEST_F(FileStoreTest, times_and_proven_tokens_are_kept) {
  const auto store = open("?fsync=never");
  PutOptions options;
  options.modified = WallTime(std::chrono::seconds(1'600'000'000));
  options.content_etag = "c4ca4238a0b923820dcc509a6f75849b";
  ASSERT_TRUE(put(*store, "a", "1", options));
  EXPECT_EQ(list(*store)->at(0).etag, options.content_etag);
  EXPECT_EQ(list(*store)->at(0).modified, *options.modified);
  write("a", "2");
  EXPECT_NE(list(*store)->at(0).etag, options.content_etag);
}

TEST_F(FileStoreTest, a_file_that_changes_while_it_is_read_fails_the_read) {
  const std::string key = "a";
  write(key, std::string(kMiB, 'x'));
  const auto store = open();
  GetResult got = run(store->get(context_, key, {})).value();
  write(key, std::string(kMiB, 'y') + "more");
  EXPECT_EQ(run(read_all(*got.body, kGiB)).error().code(), Code::precondition_failed);
}

TEST_F(FileStoreTest, removing_the_last_file_removes_its_directories) {
  const auto store = open();
  ASSERT_TRUE(put(*store, "a/b/c", "1"));
  const std::vector<std::string> keys = {"a/b/c"};
  ASSERT_TRUE(run(store->remove(context_, keys)));
  EXPECT_FALSE(fs::exists(root_ + "/a"));
  EXPECT_TRUE(fs::exists(root_));
}

}  // namespace
}  // namespace godwit::file
