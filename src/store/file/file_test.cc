#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/utf8.h"
#include "store/file/file_key.h"
#include "store/file/file_metadata.h"
#include "store/file/file_store.h"
#include "store/file/file_tree.h"
#include "support/run_task.h"
#include "world/real/real_world.h"
#include "world/sim/sim_world.h"

namespace godwit::file {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

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

TEST(FileRecord, comes_back_as_it_was) {
  Record record;
  record.metadata.content_type = "text/plain";
  record.metadata.storage_class = "COLD";
  record.metadata.user = {{"k", "gr\xc3\xbcn"},
                          {"godwit-version", "1"},
                          {"bytes", std::string("\xff\0z", 3)},
                          {std::string(1, '\1'), "a"},
                          {std::string(1, '\0'), "b"}};
  record.metadata.tags["t"] = "1";
  record.content_etag = "x";
  record.size = 5;
  record.synced = true;
  for (const int time : {123, -123}) {
    record.modified = WallTime(std::chrono::nanoseconds(time));
    const Record again = decode(encode(record)).value();
    EXPECT_EQ(again.metadata, record.metadata);
    EXPECT_EQ(again.content_etag, "x");
    EXPECT_EQ(again.size, 5);
    EXPECT_EQ(again.modified, record.modified);
    EXPECT_TRUE(again.synced);
  }
}

TEST(FileRecord, of_a_replicated_object_fits_into_its_inode) {
  Record record;
  record.size = Bytes{1} << 40;
  record.modified = WallTime(std::chrono::sys_days(std::chrono::year(2100) / 1 / 1));
  record.metadata.user["godwit-version"] = "00000001-01a22cb627ee0000-ap-southeast-2";
  EXPECT_LE(encode(record).size(), 64U);
}

TEST(FileRecord, nonsense_is_none) {
  const std::string whole = encode({.metadata = {.user = {{"k", "v"}}}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode(whole.substr(0, size))) << size;
  }
  for (const std::string& text : {std::string("{}"), std::string("\3"), whole + "x"}) {
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
  Result<T> run(Task<T> task) {
    return test::run_task(world_, std::move(task));
  }
  Result<std::vector<ListEntry>> list(Store& store, const std::string& prefix = "") {
    const std::unique_ptr<Listing> listing = store.list(ListOptions{.prefix = prefix});
    std::vector<ListEntry> all;
    for (;;) {
      Result<std::vector<ListEntry>> page = run(listing->next(context_));
      if (!page) return page;
      if (page->empty()) return all;
      std::ranges::move(*page, std::back_inserter(all));
    }
  }
  Result<PartInfo> put_part(Store& store, const UploadId& upload, std::string bytes, Bytes size) {
    MemoryBody body(std::move(bytes));
    return run(store.multipart()->put_part(context_, upload, {1, 0}, {&body, size}));
  }
  Code head(Store& store, const std::string& key) {
    const auto found = run(store.head(context_, key));
    return found ? Code::internal : found.error().code();
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

TEST_F(FileStoreTest, a_file_in_the_place_of_the_root_does_not_mean_that_all_is_gone) {
  const auto store = open("?missing=empty");
  write("a", "1");
  fs::rename(root_, root_ + ".lost");
  std::ofstream(root_) << "what is this?";
  const std::vector<std::string> keys{"a"};
  EXPECT_EQ(head(*store, "a"), Code::unavailable);
  const auto removed = run(store->remove(context_, keys)).value();
  ASSERT_FALSE(removed.front()) << "or a removal would count as done";
  EXPECT_EQ(removed.front().error().code(), Code::unavailable);
  const auto listed = list(*store);
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code(), Code::unavailable);
  for (const char* key : {"b", "d/b"}) {
    const auto refused = put(*store, key, "2");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::unavailable);
    EXPECT_EQ(refused.error().retry(), Retry::later);
  }
  fs::remove(root_);
  fs::rename(root_ + ".lost", root_);
  EXPECT_EQ(head(*store, "a"), Code::internal) << "it is there";
  EXPECT_TRUE(put(*store, "b", "2"));
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

TEST_F(FileStoreTest, a_listing_that_fails_gives_first_what_came_before) {
  write("a", "1");
  write("b\xff", "1");
  write("c", "1");
  const auto store = open();
  const std::unique_ptr<Listing> listing = store->list(ListOptions{});
  const auto page = run(listing->next(context_));
  ASSERT_TRUE(page) << page.error().to_string();
  ASSERT_EQ(page->size(), 1);
  EXPECT_EQ(page->at(0).key, "a");
  EXPECT_FALSE(run(listing->next(context_)));
  EXPECT_FALSE(run(listing->next(context_)));
}

TEST_F(FileStoreTest, a_directory_that_goes_away_during_a_listing_is_left_out) {
  write("a", "1");
  write("b/c", "1");
  write("d", "1");
  const auto store = open();
  const std::unique_ptr<Listing> listing = store->list(ListOptions{.page_size = 1});
  EXPECT_EQ(run(listing->next(context_))->at(0).key, "a");
  fs::remove_all(root_ + "/b");
  EXPECT_EQ(run(listing->next(context_))->at(0).key, "d");
  EXPECT_TRUE(run(listing->next(context_))->empty());
}

TEST_F(FileStoreTest, a_root_that_goes_away_during_a_listing_does_not_look_empty) {
  write("a", "1");
  write("b/c", "1");
  write("d", "1");
  const auto store = open();
  const std::unique_ptr<Listing> files = store->list(ListOptions{.page_size = 1});
  ASSERT_TRUE(run(files->next(context_)));
  fs::rename(root_, root_ + "-moved");
  EXPECT_EQ(run(files->next(context_)).error().code(), Code::unavailable);
  fs::create_directories(root_);
  EXPECT_EQ(run(files->next(context_)).error().code(), Code::unavailable);
  fs::remove_all(root_ + "-moved");
}

TEST_F(FileStoreTest, no_call_leaves_the_root_by_a_link) {
  const std::string outside = root_ + "-outside";
  fs::create_directories(outside);
  std::ofstream(outside + "/a") << "1";
  fs::create_directory_symlink(outside, root_ + "/link");
  const auto store = open();
  EXPECT_EQ(head(*store, "link/a"), Code::not_found);
  const std::string key = "link/a";
  EXPECT_EQ(run(store->get(context_, key, {})).error().code(), Code::not_found);
  const auto stored = put(*store, "link/b", "2");
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code(), Code::precondition_failed) << stored.error().to_string();
  const std::vector<std::string> keys = {"link/a"};
  ASSERT_TRUE(run(store->remove(context_, keys)));
  EXPECT_TRUE(fs::exists(outside + "/a"));
  EXPECT_FALSE(fs::exists(outside + "/b"));
  EXPECT_TRUE(list(*store, "link/")->empty());
  const auto following = open("?symlinks=follow");
  EXPECT_TRUE(put(*following, "link/b", "2"));
  EXPECT_EQ(list(*following, "link/")->size(), 2);
  fs::remove_all(outside);
}

TEST_F(FileStoreTest, what_a_group_keeps_with_its_objects_is_kept_and_not_listed) {
  const auto store = open();
  EXPECT_TRUE(put(*store, ".godwit/group", "1"));
  EXPECT_TRUE(put(*store, ".godwit/rescue/1/a/b", "2"));
  EXPECT_TRUE(put(*store, "a", "3"));
  EXPECT_EQ(list(*store, "")->size(), 1U);
  EXPECT_EQ(list(*store, ".godwit/rescue/")->size(), 1U);
  EXPECT_FALSE(put(*store, ".godwit/tmp/x", "4"));
}

TEST_F(FileStoreTest, a_prefix_that_leads_elsewhere_is_refused) {
  const auto store = open();
  for (const char* prefix : {"../", ".godwit/", "a/../../", "/"}) {
    EXPECT_EQ(list(*store, prefix).error().code(), Code::invalid_argument) << prefix;
  }
}

TEST_F(FileStoreTest, a_link_to_the_root_is_the_same_place) {
  fs::create_directory_symlink(root_, root_ + "-alias");
  const auto store = open();
  const StoreSpec spec = parse_store_url("file://" + root_ + "-alias", "/").value();
  const auto alias = file_scheme().open(world_, spec).value();
  EXPECT_EQ(alias->identity().place, store->identity().place);
  EXPECT_TRUE(put(*alias, "a", "1"));
  EXPECT_EQ(list(*store)->size(), 1);
  fs::remove(root_ + "-alias");
}

TEST_F(FileStoreTest, what_cannot_be_put_is_never_called_not_found) {
  const auto store = open();
  ASSERT_TRUE(put(*store, "a", "1"));
  EXPECT_EQ(put(*store, "a/b", "1").error().code(), Code::precondition_failed);
  EXPECT_EQ(put(*store, "a/b/c", "1").error().code(), Code::precondition_failed);
}

TEST_F(FileStoreTest, a_file_system_mounted_below_the_root_is_refused_with_what_to_do) {
  const std::string other = "/dev/shm/godwit-file-" + std::to_string(::getpid());
  fs::create_directories(other);
  fs::create_directory_symlink(other, root_ + "/mounted");
  const auto stored = put(*open("?symlinks=follow"), "mounted/a", "1");
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code(), Code::unsupported);
  EXPECT_EQ(stored.error().retry(), Retry::never);
  EXPECT_FALSE(stored.error().hint().empty());
  fs::remove_all(other);
}

TEST_F(FileStoreTest, metadata_that_an_attribute_cannot_hold_are_kept_and_go_with_the_file) {
  PutOptions large;
  large.metadata.user["long"] = std::string(40'000, 'x');
  ASSERT_TRUE(put(*open(), "a", "1", large));
  const std::string key = "a";
  EXPECT_EQ(run(open()->head(context_, key))->metadata, large.metadata);
  EXPECT_EQ(run(open()->get(context_, key, {}))->info.metadata, large.metadata);
  // Another process replaces it.
  ASSERT_TRUE(put(*open(), "a", "1"));
  EXPECT_EQ(run(open()->head(context_, key))->metadata, Metadata{});
  EXPECT_TRUE(fs::is_empty(root_ + "/.godwit/meta"));
  ASSERT_TRUE(put(*open(), "a", "1", large));
  const std::vector<std::string> keys = {"a"};
  ASSERT_TRUE(run(open()->remove(context_, keys)));
  EXPECT_TRUE(fs::is_empty(root_ + "/.godwit/meta"));
  large.metadata.user["long"] = std::string(70'000, 'x');
  EXPECT_EQ(put(*open(), "a", "1", large).error().code(), Code::invalid_argument);
}

TEST_F(FileStoreTest, a_put_that_fails_leaves_the_metadata_of_what_is_there) {
  PutOptions large;
  large.metadata.user["long"] = std::string(40'000, 'x');
  ASSERT_TRUE(put(*open(), "a", "1", large));
  PutOptions other;
  other.metadata.user["long"] = std::string(40'000, 'y');
  other.condition = Condition::absent;
  EXPECT_FALSE(put(*open(), "a", "2", other));
  const std::string key = "a";
  EXPECT_EQ(run(open()->head(context_, key))->metadata, large.metadata);
}

TEST_F(FileStoreTest, metadata_that_are_not_text_come_back_byte_by_byte) {
  PutOptions options;
  options.metadata.user["k"] = "gr\xfcn \xc3\xbc";
  const auto store = open();
  ASSERT_TRUE(put(*store, "a", "1", options));
  const std::string key = "a";
  EXPECT_EQ(run(store->head(context_, key))->metadata, options.metadata);
}

TEST_F(FileStoreTest, a_part_whose_repetition_fails_no_longer_counts) {
  const auto store = open();
  const std::string key = "a";
  const UploadId upload = run(store->multipart()->create(context_, key, {})).value();
  ASSERT_TRUE(put_part(*store, upload, "xxxx", 4));
  EXPECT_FALSE(put_part(*store, upload, "yy", 4));
  EXPECT_TRUE(run(store->multipart()->parts(context_, upload))->empty());
  ASSERT_TRUE(put_part(*store, upload, "zzzz", 4));
  EXPECT_EQ(run(store->multipart()->parts(context_, upload))->size(), 1);
}

TEST_F(FileStoreTest, a_torn_line_of_the_list_of_parts_spoils_no_other) {
  const auto store = open();
  const std::string key = "a";
  const UploadId upload = run(store->multipart()->create(context_, key, {})).value();
  const std::string list = root_ + "/.godwit/uploads/" + upload.id + "/parts";
  std::ofstream(list, std::ios::app) << "1";  // of "1 0 4 ."
  ASSERT_TRUE(put_part(*store, upload, "xxxx", 4));
  std::ofstream(list, std::ios::app) << "7 4 1";  // of "7 4 16777216 ."
  const auto parts = run(store->multipart()->parts(context_, upload)).value();
  ASSERT_EQ(parts.size(), 1);
  EXPECT_EQ(parts[0].number, 1);
  EXPECT_EQ(parts[0].size, 4);
}

TEST_F(FileStoreTest, a_token_of_a_part_that_was_replaced_does_not_hold) {
  const auto store = open();
  const std::string key = "a";
  const PutOptions options;
  const UploadId upload = run(store->multipart()->create(context_, key, options)).value();
  const std::vector<PartInfo> old = {put_part(*store, upload, "xxxx", 4).value()};
  const std::vector<PartInfo> now = {put_part(*store, upload, "yyyy", 4).value()};
  EXPECT_EQ(run(store->multipart()->complete(context_, upload, old, options)).error().code(),
            Code::invalid_argument);
  EXPECT_TRUE(run(store->multipart()->complete(context_, upload, now, options)));
}

TEST_F(FileStoreTest, errors_of_uploads_name_store_and_key) {
  const auto store = open();
  const UploadId unknown{"a", "0123456789abcdef", {}};
  const auto part = put_part(*store, unknown, "x", 1);
  ASSERT_FALSE(part);
  EXPECT_EQ(part.error().where().store, store->identity().url);
  EXPECT_EQ(part.error().where().key, "a");
}

TEST_F(FileStoreTest, what_a_killed_put_left_is_found_and_removed) {
  const auto store = open();
  ASSERT_TRUE(put(*store, "a", "1"));
  ASSERT_TRUE(put(*store, "a", "2"));  // takes a name on its way
  EXPECT_EQ(fs::status(root_ + "/.godwit/tmp").permissions(), fs::perms::owner_all);
  write(".godwit/tmp/0123456789abcdef", "half");
  const std::string everything;
  const auto found = run(store->multipart()->list(context_, everything)).value();
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].key, ".godwit/tmp/0123456789abcdef");
  ASSERT_TRUE(run(store->multipart()->abort(context_, found[0])));
  EXPECT_TRUE(fs::is_empty(root_ + "/.godwit/tmp"));
}

TEST_F(FileStoreTest, a_draft_that_has_the_time_of_its_source_already_is_no_older_than_it_is) {
  const auto store = open();
  ASSERT_TRUE(put(*store, "a", "1"));
  ASSERT_TRUE(put(*store, "a", "2"));
  const std::string draft = ".godwit/tmp/0123456789abcdef";
  write(draft, "whole");
  fs::last_write_time(root_ + "/" + draft, fs::file_time_type::clock::now() - 24h);
  const std::string everything;
  const auto found = run(store->multipart()->list(context_, everything)).value();
  ASSERT_EQ(found.size(), 1);
  EXPECT_GT(found[0].started, world_.wall_now() - 1h);
}

TEST_F(FileStoreTest, what_is_left_of_an_upload_that_was_half_removed_is_found_and_removed) {
  const auto store = open();
  const std::string key = "a/b";
  const PutOptions none;
  const UploadId upload = run(store->multipart()->create(context_, key, none)).value();
  const std::string place = root_ + "/.godwit/uploads/" + upload.id;
  fs::remove(place + "/key");
  const std::string everything;
  const auto found = run(store->multipart()->list(context_, everything)).value();
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].key, ".godwit/uploads/" + upload.id);
  ASSERT_TRUE(run(store->multipart()->abort(context_, found[0])));
  EXPECT_FALSE(fs::exists(place));
}

TEST_F(FileStoreTest, a_copy_of_many_steps_can_be_given_up) {
  fs::create_directories(root_ + "/big");
  {
    std::ofstream sparse(root_ + "/big/a");
  }
  fs::resize_file(root_ + "/big/a", 200 * kMiB);
  const auto store = open("?fsync=never");
  const CopySource source{.store = store.get(), .key = "big/a"};
  const std::string key = "b";
  const PutOptions put;
  CancelSource cancel;
  const Context cancelled = context_.with_cancel(cancel.token());
  // Runs while the first step is on the blocking pool.
  const auto executor = world_.executor();
  asio::post(executor, [&] { asio::post(executor, [&] { cancel.cancel(); }); });
  EXPECT_EQ(run(store->copy(cancelled, key, source, put)).error().code(), Code::cancelled);
  EXPECT_FALSE(fs::exists(root_ + "/b"));
  EXPECT_FALSE(fs::exists(root_ + "/.godwit"));
  ASSERT_TRUE(run(store->copy(context_, key, source, put)));
  EXPECT_EQ(fs::file_size(root_ + "/b"), 200 * kMiB);
}

TEST(FileTree, a_key_that_folds_onto_another_is_refused) {
  SimWorld world(1);
  world.disk().fold_case();
  TreeOptions options;
  options.root = "/root";
  const Tree tree(world.disk(), options);
  std::uint64_t random = 0;
  const auto put = [&](const std::string& key) -> Result<PutResult> {
    GODWIT_TRY(Draft draft, tree.draft(key, ++random));
    const PutOptions put_options;
    return tree.commit(draft, key, put_options);
  };
  ASSERT_TRUE(put("Dir/a"));
  EXPECT_TRUE(put("Dir/a"));
  EXPECT_TRUE(put("Dir/b"));
  EXPECT_EQ(put("Dir/A").error().code(), Code::invalid_argument);
  EXPECT_EQ(put("dir/c").error().code(), Code::invalid_argument);
  const Tree other(world.disk(), options);
  EXPECT_EQ(other.remove("Dir/A").error().code(), Code::invalid_argument);
  EXPECT_TRUE(other.stat("Dir/a"));
  EXPECT_TRUE(other.remove("Dir/a"));
}

}  // namespace
}  // namespace godwit::file
