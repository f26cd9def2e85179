#include "store/file/file_store.h"

#include <utility>

#include "store/file/file_copy.h"
#include "store/file/file_key.h"
#include "store/file/file_listing.h"
#include "store/file/file_multipart.h"
#include "store/file/file_receive.h"
#include "store/file/file_tree.h"
#include "store/receive.h"

namespace godwit::file {
namespace {

/// Up to here a file is read, or written, in one visit to the blocking pool.
constexpr Bytes kOneVisit = 256 * kKiB;

/// An object that is being read.
struct Reading {
  ObjectInfo info;
  FileStat stat;
  std::shared_ptr<File> file;
  std::string head;  // all of a small file
};

Result<Reading> open_file(const Tree& tree, const std::string& key) {
  GODWIT_TRY(OpenedFile opened, tree.open(key));
  Reading reading;
  reading.info = opened.info(key);
  reading.stat = opened.stat;
  reading.file = std::move(opened.file);
  if (reading.stat.size > 0 && reading.stat.size <= kOneVisit) {
    reading.head.resize(reading.stat.size);
    GODWIT_TRY(const std::size_t count,
               reading.file->read_at(0, std::as_writable_bytes(std::span(reading.head))));
    reading.head.resize(count);
  }
  return reading;
}

/// A file's bytes; fails when the file is changed while it is read, since a mix of two versions
/// is neither.
class FileBody final : public Body {
 public:
  FileBody(World& world, Reading reading, ByteRange range, Where place)
      : world_(world), reading_(std::move(reading)), range_(range), place_(std::move(place)) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    const auto want = static_cast<std::size_t>(std::min<Bytes>(into.size(), range_.size - done_));
    if (want == 0) {
      if (!checked_) GODWIT_CO_CHECK(co_await check_unchanged());
      co_return std::size_t{0};
    }
    const Bytes at = range_.offset + done_;
    std::size_t count = 0;
    if (!reading_.head.empty() && at < reading_.head.size()) {
      count = std::min<std::size_t>(want, reading_.head.size() - at);
      std::copy_n(as_bytes(reading_.head).begin() + static_cast<std::ptrdiff_t>(at), count,
                  into.begin());
    } else {
      auto work = [file = reading_.file, at, into, want] {
        return file->read_at(at, into.first(want));
      };
      Result<std::size_t> got = co_await run_blocking(world_, std::move(work));
      if (!got) co_return fail(std::move(got).error().at(place_));
      count = *got;
    }
    if (count == 0) co_return changed();
    done_ += count;
    co_return count;
  }

  Result<void> rewind() override {
    done_ = 0;
    checked_ = false;
    return {};
  }

 private:
  Task<void> check_unchanged() {
    checked_ = true;
    auto work = [file = reading_.file] { return file->stat(); };
    const Result<FileStat> now = co_await run_blocking(world_, std::move(work));
    if (!now) co_return fail(Error(now.error()).at(place_));
    if (now->size == reading_.stat.size && now->modified == reading_.stat.modified) {
      co_return Result<void>();
    }
    co_return changed();
  }

  [[nodiscard]] std::unexpected<Error> changed() const {
    return fail(Error(Code::precondition_failed, "the file changed while it was read")
                    .with(Retry::later)
                    .at(place_));
  }

  World& world_;
  Reading reading_;
  ByteRange range_;
  Where place_;
  Bytes done_ = 0;
  bool checked_ = false;
};

class FileStore final : public Store {
 public:
  /// `url` is what the user wrote; the tree's root may be elsewhere, behind links.
  FileStore(World& world, const TreeOptions& options, const std::string& url)
      : world_(world),
        tree_(std::make_shared<const Tree>(world.disk(), options)),
        identity_{
            .scheme = "file", .url = url, .service = "file", .place = "file:" + options.root + "/"},
        multipart_(*this, world, tree_) {
    capabilities_.put_if_absent = true;
    capabilities_.get_if_match = true;
    capabilities_.list_has_etag = true;
    // Tokens of the form of an MD5 are recorded ones that still hold.
    capabilities_.etag_is_md5 = true;
    capabilities_.list_after_write = true;
    capabilities_.user_metadata = capabilities_.tags = true;
    capabilities_.server_side_copy = true;
    capabilities_.multipart = true;
    capabilities_.keeps_modified = true;
  }

  const StoreIdentity& identity() const override { return identity_; }
  const Capabilities& capabilities() const override { return capabilities_; }
  Multipart* multipart() override { return &multipart_; }

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_CHECK(begin(context, "head", key));
    auto work = [tree = tree_, key] { return tree->info(key); };
    co_return placed(co_await run_blocking(world_, std::move(work)), "head", key);
  }

  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    GODWIT_CO_CHECK(begin(context, "get", key));
    auto work = [tree = tree_, key] { return open_file(*tree, key); };
    GODWIT_CO_TRY(Reading reading,
                  placed(co_await run_blocking(world_, std::move(work)), "get", key));
    if (!options.if_match.empty() && options.if_match != reading.info.etag) {
      co_return fail(Error(Code::precondition_failed, "the object is another version")
                         .at(place_of(*this, "get", key)));
    }
    GODWIT_CO_TRY(const ByteRange range,
                  placed(resolve_range(options, reading.info.size), "get", key));
    GetResult result;
    result.info = reading.info;
    result.body =
        std::make_unique<FileBody>(world_, std::move(reading), range, place_of(*this, "get", key));
    co_return result;
  }

  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    GODWIT_CO_CHECK(begin(context, "put", key));
    if (upload.size <= kOneVisit) {
      co_return placed(co_await put_small(key, upload, options), "put", key);
    }
    co_return placed(co_await put_large(context, key, upload, options), "put", key);
  }

  Task<PutResult> copy(const Context& context, const std::string& key, const CopySource& source,
                       const PutOptions& options) override {
    GODWIT_CO_CHECK(begin(context, "copy", key));
    const auto* from = dynamic_cast<FileStore*>(&source.store->driver());
    if (from == nullptr) {
      co_return fail(Error(Code::unsupported, "the source is no file: store")
                         .at(place_of(*this, "copy", key)));
    }
    GODWIT_CO_CHECK(placed(check_key(source.key), "copy", source.key));
    auto job = std::make_shared<FileCopy>(FileCopy::Ends{from->tree_, tree_, key}, source, options,
                                          world_.random());
    co_return placed(co_await run_copy(context, std::move(job)), "copy", key);
  }

  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    std::vector<Result<void>> outcome;
    for (const std::string& key : keys) {
      Result<void> removed = begin(context, "remove", key);
      if (removed) {
        auto work = [tree = tree_, key] { return tree->remove(key); };
        removed = placed(co_await run_blocking(world_, std::move(work)), "remove", key);
      }
      outcome.push_back(std::move(removed));
    }
    co_return outcome;
  }

  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return list_tree(world_, tree_, options, place_of(*this, "list", options.prefix));
  }

  Task<void> flush(const Context&) override {
    auto work = [tree = tree_] { return tree->flush(); };
    co_return placed(co_await run_blocking(world_, std::move(work)), "flush", {});
  }

  Task<void> close() override { co_return Result<void>(); }

 private:
  Result<void> begin(const Context& context, const char* operation, const std::string& key) const {
    GODWIT_CHECK(placed(context.check(), operation, key));
    return placed(check_key(key), operation, key);
  }

  template <class T>
  Result<T> placed(Result<T> result, const char* operation, const std::string& key) const {
    if (!result) return fail(std::move(result).error().at(place_of(*this, operation, key)));
    return result;
  }

  /// A small file in one visit to the blocking pool, a large one in steps.
  Task<PutResult> run_copy(const Context& context, std::shared_ptr<FileCopy> job) {
    using Outcome = Result<std::optional<PutResult>>;
    auto finish = [job]() -> Outcome {
      GODWIT_TRY(const bool done, job->step());
      if (!done) return std::nullopt;
      return job->commit();
    };
    auto start = [job, finish]() -> Outcome {
      GODWIT_CHECK(job->begin());
      return finish();
    };
    Outcome outcome = co_await run_blocking(world_, std::move(start));
    while (outcome && !*outcome) {
      GODWIT_CO_CHECK(context.check());
      auto next = finish;
      outcome = co_await run_blocking(world_, std::move(next));
    }
    if (!outcome) co_return fail(std::move(outcome).error());
    co_return **std::move(outcome);
  }

  Task<PutResult> put_small(const std::string& key, Upload upload, const PutOptions& options) {
    GODWIT_CO_TRY(std::string bytes, co_await read_exactly(upload));
    auto work = [tree = tree_, key, options, bytes = std::move(bytes),
                 random = world_.random()]() -> Result<PutResult> {
      GODWIT_TRY(Draft draft, tree->draft(key, random));
      GODWIT_CHECK(draft.file->write_at(0, as_bytes(bytes)));
      return tree->commit(draft, key, options);
    };
    co_return co_await run_blocking(world_, std::move(work));
  }

  Task<PutResult> put_large(const Context& context, const std::string& key, Upload upload,
                            const PutOptions& options) {
    auto begin_draft = [tree = tree_, key,
                        random = world_.random()]() -> Result<std::shared_ptr<Draft>> {
      GODWIT_TRY(Draft draft, tree->draft(key, random));
      return std::make_shared<Draft>(std::move(draft));
    };
    GODWIT_CO_TRY(const std::shared_ptr<Draft> draft,
                  co_await run_blocking(world_, std::move(begin_draft)));
    GODWIT_CO_CHECK(co_await receive_into(context, *draft->file, 0, upload));
    auto work = [tree = tree_, draft, key, options] { return tree->commit(*draft, key, options); };
    co_return co_await run_blocking(world_, std::move(work));
  }

  World& world_;
  std::shared_ptr<const Tree> tree_;
  StoreIdentity identity_;
  FileMultipart multipart_;
  Capabilities capabilities_;
};

const std::vector<OptionInfo> kOptions = {
    {.name = "fsync",
     .help = "when data are on stable storage: `always` before a put returns, `batch` at the end "
             "of a run, `never`",
     .fallback = "always (batch in sync, copy, verify and repair)",
     .choices = {"always", "batch", "never"}},
    {.name = "symlinks",
     .help = "what to do with symbolic links: `skip` them, `follow` them, or call them an `error`",
     .choices = {"skip", "follow", "error"}},
    {.name = "missing",
     .help = "`empty` takes a directory that does not exist for an empty store",
     .fallback = "error (empty for a target)",
     .choices = {"error", "empty"}}};

Result<std::unique_ptr<Store>> open(World& world, const StoreSpec& spec) {
  const OptionReader options(spec, kOptions);
  TreeOptions tree;
  const std::string root = world.disk().resolve(spec.prefix);
  tree.root = root == "/" ? "" : root;
  GODWIT_TRY(const std::string fsync, options.choice("fsync"));
  GODWIT_TRY(const std::string links, options.choice("symlinks"));
  GODWIT_TRY(const std::string missing, options.choice("missing"));
  tree.fsync = fsync == "always" ? Fsync::always : fsync == "batch" ? Fsync::batch : Fsync::never;
  tree.symlinks = links == "skip"     ? SymlinkPolicy::skip
                  : links == "follow" ? SymlinkPolicy::follow
                                      : SymlinkPolicy::error;
  tree.missing = missing == "empty" ? MissingRoot::empty : MissingRoot::error;
  return std::make_unique<FileStore>(world, tree, "file://" + spec.prefix);
}

}  // namespace

SchemeInfo file_scheme() {
  return {.scheme = "file",
          .url = "file:///DIR, or a path",
          .description = "A directory of this machine.",
          .options = kOptions,
          .open = open};
}

}  // namespace godwit::file
