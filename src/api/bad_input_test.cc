// What a store does with directories that it cannot use, and with targets that lie or say nothing.
#include <openssl/md5.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>

#include "godwit/replication_manager.h"
#include "journal/rows.h"
#include "kv/rocks_engine.h"
#include "support/http_peer.h"
#include "support/store_fixture.h"

namespace godwit {
namespace {

/// Files are opened as nobody by this thread and by those that it starts, so that permissions hold
/// for root too.
class AsNobody {
 public:
  AsNobody() {
    if (::geteuid() == 0) ::setfsuid(65534);
  }
  AsNobody(AsNobody&&) = delete;
  ~AsNobody() { ::setfsuid(::geteuid()); }
};

class BadInput : public StoreTest {
 protected:
  void make_writable(const std::string& directory, bool writable) const {
    using fs::perms;
    const perms bits = perms::owner_read | perms::owner_exec | perms::others_read |
                       perms::others_exec | (writable ? perms::owner_write : perms::none);
    fs::permissions(path(directory), bits);
    for (const auto& entry : fs::recursive_directory_iterator(path(directory))) {
      fs::permissions(entry.path(), bits);
    }
  }
  [[nodiscard]] Error refused() const {
    auto opened = ReplicatedStore::open(config_);
    return opened ? Error(Code::internal, "it was opened") : std::move(opened).error();
  }
  [[nodiscard]] Error refused_to_nobody() const {
    const AsNobody nobody;
    return refused();
  }
};

TEST_F(BadInput, a_data_dir_that_cannot_be_written_is_refused) {
  fs::create_directories(path("data"));
  make_writable("data", false);
  const Error error = refused_to_nobody();
  EXPECT_EQ(error.code(), Code::permission_denied) << error.to_string();
  EXPECT_NE(error.to_string().find("data_dir"), std::string::npos) << error.to_string();
  make_writable("data", true);
  open();
  EXPECT_TRUE(store_->put("k", "1"));
}

TEST_F(BadInput, a_journal_that_cannot_be_written_is_refused_and_left_as_it_is) {
  open();
  ASSERT_TRUE(store_->pause("b"));
  ASSERT_TRUE(store_->put("k", "1"));
  ASSERT_TRUE(store_->close());
  store_.reset();
  fs::permissions(path("data"), fs::perms::all);
  for (const auto& entry : fs::recursive_directory_iterator(path("data"))) {
    fs::permissions(entry.path(), fs::perms::all);
  }
  make_writable("data/journal-g", false);
  const Error error = refused_to_nobody();
  EXPECT_EQ(error.code(), Code::permission_denied) << error.to_string();
  EXPECT_NE(error.to_string().find("data/journal-g"), std::string::npos) << error.to_string();
  make_writable("data/journal-g", true);
  open();
  EXPECT_EQ(held("k"), "1") << "what was owed to the target is delivered";
}

/// A file system of a few MiB; nothing where it may not be made.
class SmallDisk {
 public:
  explicit SmallDisk(std::string at) : at_(std::move(at)), is_there_(mount_at(at_)) {}
  SmallDisk(SmallDisk&&) = delete;
  ~SmallDisk() {
    if (is_there_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool is_there() const { return is_there_; }
  /// Takes all the room that is left but for `spare`.
  void fill(std::uintmax_t spare) const {
    const std::string block(4096, 'x');
    std::ofstream ballast(at_ + "/ballast", std::ios::binary | std::ios::app);
    while (fs::space(at_).available > spare && ballast.write(block.data(), 4096).flush()) {
    }
  }
  void clear() const { fs::remove(at_ + "/ballast"); }

 private:
  static bool mount_at(const std::string& at) {
    fs::create_directories(at);
    return ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=64m") == 0;
  }

  std::string at_;
  bool is_there_;
};

TEST_F(BadInput,
       a_full_journal_refuses_writes_keeps_what_it_promised_and_goes_on_when_there_is_room) {
  const SmallDisk disk(path("data"));
  if (!disk.is_there()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  open();
  ASSERT_TRUE(store_->put("before", "1"));
  ASSERT_TRUE(store_->close());
  store_.reset();
  // A log takes its room beforehand, where there is enough of it.
  disk.fill(kMiB);
  open();
  ASSERT_TRUE(store_->pause("b"));
  ASSERT_TRUE(store_->put("before", "2"));
  disk.fill(0);
  Result<Receipt> refused = fail(Error(Code::internal, "all was taken"));
  int taken = 0;
  const std::string folders = std::string(200, 'x') + "/" + std::string(200, 'y') + "/";
  for (int i = 0; i < 20'000; ++i) {
    refused = store_->put(folders + std::to_string(i), "1");
    if (!refused) break;
    ++taken;
  }
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::no_space) << refused.error().to_string();
  EXPECT_EQ(refused.error().outcome(), Outcome::not_applied);
  EXPECT_FALSE(fs::exists(path("p/" + folders + std::to_string(taken)))) << "nothing was written";
  EXPECT_EQ(get("before"), "2") << "reads go on";
  disk.clear();
  ASSERT_TRUE(soon([&] { return store_->put("after", "1").has_value(); }));
  ASSERT_TRUE(store_->resume("b"));
  ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
  EXPECT_EQ(held("before"), "2");
  EXPECT_EQ(held("after"), "1");
  for (int i = 0; i < taken; ++i) EXPECT_EQ(held(folders + std::to_string(i)), "1") << i;
  ASSERT_TRUE(store_->close());
}

TEST_F(BadInput, a_journal_of_a_newer_format_is_refused_and_left_as_it_is) {
  open();
  ASSERT_TRUE(store_->pause("b"));
  ASSERT_TRUE(store_->put("k", "1"));
  ASSERT_TRUE(store_->close());
  store_.reset();
  kv::RocksEngine engine;
  std::string before;
  {
    auto database = engine.open(path("data/journal-g"), {}).value();
    before = *database->get(journal::head_key()).value();
    kv::Batch batch;
    batch.put(journal::head_key(), journal::encode(journal::Head{.format = journal::kFormat + 1}));
    ASSERT_TRUE(database->write(batch, kv::Durability::now));
  }
  const Error error = refused();
  EXPECT_EQ(error.code(), Code::unsupported) << error.to_string();
  {
    auto database = engine.open(path("data/journal-g"), {}).value();
    kv::Batch batch;
    batch.put(journal::head_key(), before);
    ASSERT_TRUE(database->write(batch, kv::Durability::now));
  }
  open();
  EXPECT_EQ(held("k"), "1");
}

/// An S3 service on this machine that answers each PUT with 200 and the right ETag, and keeps
/// nothing but what is under ".godwit/".
class ForgetfulS3 {
 public:
  ForgetfulS3() : server_([this](test::Peer& peer, int) { serve(peer); }) {}
  [[nodiscard]] std::string url() const {
    return "s3://bucket?endpoint=http://127.0.0.1:" + std::to_string(server_.port()) + "&region=x";
  }
  [[nodiscard]] int forgotten() const { return forgotten_; }

 private:
  struct Kept {
    std::string bytes;
    std::string metadata;  ///< as headers
  };

  void serve(test::Peer& peer) {
    for (std::string head = peer.read_head(); !head.empty(); head = peer.read_head()) {
      const std::size_t size = std::stoul("0" + header(head, "content-length"));
      const std::string body = peer.read_exactly(size);
      const std::string answer = answer_to(head, body);
      peer.write(answer);
    }
  }

  std::string answer_to(const std::string& head, const std::string& body) {
    const std::string method = head.substr(0, head.find(' '));
    std::string target = head.substr(method.size() + 1);
    target = target.substr(0, target.find(' '));
    const std::string path = target.substr(0, target.find('?'));
    const std::lock_guard lock(mutex_);
    if (method == "PUT") return put(path, head, body);
    if (target.find("list-type") != std::string::npos) return listing();
    const auto kept = kept_.find(path);
    if (method == "DELETE") return "HTTP/1.1 204 No Content\r\n\r\n";
    if (kept == kept_.end()) {
      const std::string why = "<Error><Code>NoSuchKey</Code></Error>";
      return "HTTP/1.1 404 Not Found\r\nContent-Length: " + std::to_string(why.size()) +
             "\r\n\r\n" + (method == "HEAD" ? "" : why);
    }
    const auto& [bytes, metadata] = kept->second;
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes.size()) +
           "\r\nETag: " + etag(bytes) + "\r\nLast-Modified: Sat, 21 Nov 2026 12:00:00 GMT\r\n" +
           metadata + "\r\n" + (method == "HEAD" ? "" : bytes);
  }

  std::string put(const std::string& path, const std::string& head, const std::string& body) {
    if (path.starts_with("/bucket/.godwit/")) {
      Kept& kept = kept_[path];
      kept = {.bytes = body, .metadata = ""};
      for (std::size_t at = 0; (at = head.find("\r\nx-amz-meta-", at)) != std::string::npos;) {
        at += 2;
        kept.metadata += head.substr(at, head.find("\r\n", at) + 2 - at);
      }
    } else {
      ++forgotten_;
    }
    return "HTTP/1.1 200 OK\r\nETag: " + etag(body) + "\r\nContent-Length: 0\r\n\r\n";
  }

  /// Of nobody's objects: those under ".godwit/" are ours and take no part.
  static std::string listing() {
    const std::string xml =
        "<ListBucketResult><Name>bucket</Name><KeyCount>0</KeyCount>"
        "<IsTruncated>false</IsTruncated></ListBucketResult>";
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(xml.size()) + "\r\n\r\n" + xml;
  }

  static std::string header(const std::string& head, const std::string& name) {
    std::string lower = head;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::size_t at = lower.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }

  static std::string etag(const std::string& bytes) {
    std::array<unsigned char, 16> digest{};
    std::size_t size = digest.size();
    EVP_Q_digest(nullptr, "MD5", nullptr, bytes.data(), bytes.size(), digest.data(), &size);
    std::string text = "\"";
    for (const unsigned char byte : digest) {
      text += "0123456789abcdef"[byte / 16];
      text += "0123456789abcdef"[byte % 16];
    }
    return text + "\"";
  }

  std::mutex mutex_;
  std::map<std::string, Kept> kept_;
  std::atomic<int> forgotten_ = 0;
  test::PeerServer server_;
};

class BadTarget : public BadInput {
 protected:
  BadTarget() {
    ::setenv("AWS_ACCESS_KEY_ID", "key", 1);
    ::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    config_.health_check_interval = 200ms;
  }
};

TEST_F(BadTarget, one_that_answers_200_and_stores_nothing_is_found_by_verify) {
  const ForgetfulS3 forgetful;
  config_.targets[1].url = forgetful.url();
  config_.mode = Mode::sync;
  open();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store_->put("k" + std::to_string(i), "body")) << "it says that it has it";
  }
  EXPECT_GE(forgetful.forgotten(), 5);
  EXPECT_TRUE(settled());
  ReplicationManager manager(*store_);
  std::map<std::string, FindingKind> found;
  const auto note = [&](const Finding& finding) -> Result<void> {
    found[finding.key] = finding.kind;
    return {};
  };
  const auto report = manager.verify("b", {.level = VerifyLevel::listing}, note);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_FALSE(report->is_consistent());
  EXPECT_EQ(report->missing, 5U) << to_json(*report);
  EXPECT_EQ(found.size(), 5U);
  EXPECT_TRUE(manager.verify("a")->is_consistent()) << "the other target has all";
}

TEST_F(BadTarget, one_that_hangs_for_ever_holds_up_nobody_else) {
  test::PeerServer silent([](test::Peer& peer, int) { peer.wait_for_close(); });
  config_.targets[1].url =
      "s3://bucket?endpoint=http://127.0.0.1:" + std::to_string(silent.port()) + "&region=x";
  for (ReplicaTarget& target : config_.targets) target.sync_timeout = 500ms;
  config_.health_check_timeout = 200ms;
  auto opened = ReplicatedStore::open(config_);
  ASSERT_TRUE(opened) << opened.error().to_string();
  store_ = *std::move(opened);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store_->put("k" + std::to_string(i), "1"));
  ASSERT_TRUE(soon([&] { return status("a").caught_up; })) << "the other target gets all";
  ASSERT_TRUE(soon([&] { return status("b").health == Health::unhealthy; })) << what_is_known();
  EXPECT_FALSE(status("b").caught_up);
  EXPECT_GT(status("b").lag, 0s);
  Receipt receipt;
  const auto begun = std::chrono::steady_clock::now();
  const auto failed = store_->put("k", "1", {.mode = Mode::sync, .receipt = &receipt});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().outcome(), Outcome::applied);
  EXPECT_EQ(get("k", {.preference = ReadPreference::any}), "1");
  const auto closing = std::chrono::steady_clock::now();
  const auto left = store_->close(1s);
  EXPECT_LT(std::chrono::steady_clock::now() - closing, 10s)
      << "closing waits for nobody who hangs";
  ASSERT_TRUE(left);
  ASSERT_EQ(left->backlogs.size(), 1U);
  EXPECT_EQ(left->backlogs[0].target, "b");
}

}  // namespace
}  // namespace godwit
