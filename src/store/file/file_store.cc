#include "store/file/file_store.h"

#include <utility>

#include "store/file/file_key.h"
#include "store/file/file_listing.h"
#include "store/file/file_multipart.h"
#include "store/file/file_receive.h"
#include "store/file/file_tree.h"

namespace godwit::file {
namespace {

/// Up to here a file is read, or written, in one visit to the blocking pool.
constexpr Bytes kOneVisit = 256 * kKiB;

struct Opened {
  ObjectInfo info;
  FileStat stat;
  std::shared_ptr<File> file;
  std::string head;  // all of a small file
};

Result<Opened> open_file(const Tree& tree, const std::string& key) {
  Opened opened;
  GODWIT_TRY(std::unique_ptr<File> file, tree.open(key));
  opened.file = std::move(file);
  GODWIT_TRY(opened.stat, opened.file->stat());
  const std::optional<Record> record = tree.record(key);
  opened.info.key = key;
  opened.info.size = opened.stat.size;
  opened.info.modified = opened.stat.modified;
  opened.info.etag = etag_of(opened.stat, record ? &*record : nullptr);
  if (record) opened.info.metadata = record->metadata;
  if (opened.stat.size > 0 && opened.stat.size <= kOneVisit) {
    opened.head.resize(opened.stat.size);
    GODWIT_TRY(const std::size_t count,
               opened.file->read_at(0, std::as_writable_bytes(std::span(opened.head))));
    opened.head.resize(count);
  }
  return opened;
}

/// A file's bytes; fails when the file is changed while it is read, since a mix of two versions
/// is neither.
class FileBody final : public Body {
 public:
  FileBody(World& world, Opened opened, ByteRange range, Where place)
      : world_(world), opened_(std::move(opened)), range_(range), place_(std::move(place)) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    const auto want = static_cast<std::size_t>(std::min<Bytes>(into.size(), range_.size - done_));
    if (want == 0) {
      if (!checked_) GODWIT_CO_CHECK(co_await check_unchanged());
      co_return std::size_t{0};
    }
    const Bytes at = range_.offset + done_;
    std::size_t count = 0;
    if (!opened_.head.empty() && at < opened_.head.size()) {
      count = std::min<std::size_t>(want, opened_.head.size() - at);
      std::copy_n(as_bytes(opened_.head).begin() + static_cast<std::ptrdiff_t>(at), count,
                  into.begin());
    } else {
      auto work = [file = opened_.file, at, into, want] {
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
    return {};
  }

 private:
  Task<void> check_unchanged() {
    checked_ = true;
    auto work = [file = opened_.file] { return file->stat(); };
    const Result<FileStat> now = co_await run_blocking(world_, std::move(work));
    if (!now) co_return fail(Error(now.error()).at(place_));
    if (now->size == opened_.stat.size && now->modified == opened_.stat.modified) {
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
  Opened opened_;
  ByteRange range_;
  Where place_;
  Bytes done_ = 0;
  bool checked_ = false;
};

class FileStore final : public Store {
 public:
  FileStore(World& world, TreeOptions options)
      : world_(world),
        tree_(std::make_shared<const Tree>(world.disk(), options)),
        multipart_(world, tree_) {
    identity_ = {.scheme = "file",
                 .url = "file://" + (options.root.empty() ? "/" : options.root),
                 .service = "file",
                 .place = "file:" + options.root + "/"};
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
    GODWIT_CO_TRY(Opened opened,
                  placed(co_await run_blocking(world_, std::move(work)), "get", key));
    if (!options.if_match.empty() && options.if_match != opened.info.etag) {
      co_return fail(Error(Code::precondition_failed, "the object is another version")
                         .at(place_of(*this, "get", key)));
    }
    GODWIT_CO_TRY(const ByteRange range,
                  placed(resolve_range(options, opened.info.size), "get", key));
    GetResult result;
    result.info = opened.info;
    result.body =
        std::make_unique<FileBody>(world_, std::move(opened), range, place_of(*this, "get", key));
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
    auto work = [tree = tree_, origin = from->tree_, source, key, options,
                 random = world_.random()] {
      return tree->copy(*origin, source, key, options, random);
    };
    co_return placed(co_await run_blocking(world_, std::move(work)), "copy", key);
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
    if (tree_->options().fsync != Fsync::batch) co_return Result<void>();
    auto work = [tree = tree_] { return tree->disk().sync_all(tree->options().root); };
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

  Task<PutResult> put_small(const std::string& key, Upload upload, const PutOptions& options) {
    GODWIT_CO_TRY(std::string bytes, co_await read_exactly(upload));
    auto work = [tree = tree_, key, options, bytes = std::move(bytes),
                 random = world_.random()]() -> Result<PutResult> {
      GODWIT_TRY(Draft draft, tree->draft(random));
      GODWIT_CHECK(draft.file->write_at(0, as_bytes(bytes)));
      return tree->commit(draft, key, options);
    };
    co_return co_await run_blocking(world_, std::move(work));
  }

  Task<PutResult> put_large(const Context& context, const std::string& key, Upload upload,
                            const PutOptions& options) {
    auto begin_draft = [tree = tree_,
                        random = world_.random()]() -> Result<std::shared_ptr<Draft>> {
      GODWIT_TRY(Draft draft, tree->draft(random));
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
  FileMultipart multipart_;
  StoreIdentity identity_;
  Capabilities capabilities_;
};

const std::vector<OptionInfo> kOptions = {
    {"fsync", "always",
     "when data are on stable storage: 'always' before a put returns, 'batch' at the end of a "
     "run, 'never'"},
    {"symlinks", "skip", "'skip' symbolic links, 'follow' them, or 'error'"},
    {"missing", "error", "'empty' takes a directory that does not exist for an empty store"}};

Result<std::unique_ptr<Store>> open(World& world, const StoreSpec& spec) {
  const OptionReader options(spec, kOptions);
  TreeOptions tree;
  tree.root = spec.prefix == "/" ? "" : spec.prefix;
  GODWIT_TRY(const std::string fsync, options.choice("fsync", {"always", "batch", "never"}));
  GODWIT_TRY(const std::string links, options.choice("symlinks", {"skip", "follow", "error"}));
  GODWIT_TRY(const std::string missing, options.choice("missing", {"error", "empty"}));
  tree.fsync = fsync == "always" ? Fsync::always : fsync == "batch" ? Fsync::batch : Fsync::never;
  tree.symlinks = links == "skip"     ? SymlinkPolicy::skip
                  : links == "follow" ? SymlinkPolicy::follow
                                      : SymlinkPolicy::error;
  tree.missing = missing == "empty" ? MissingRoot::empty : MissingRoot::error;
  return std::make_unique<FileStore>(world, std::move(tree));
}

}  // namespace

SchemeInfo file_scheme() {
  return {.scheme = "file",
          .description = "a directory of this machine",
          .options = kOptions,
          .open = open};
}

}  // namespace godwit::file
