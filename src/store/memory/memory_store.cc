#include "store/memory/memory_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "store/etag.h"

namespace godwit {

struct MemoryObject {
  ObjectInfo info;
  std::shared_ptr<const std::string> bytes;
};

struct MemoryUpload {
  std::string key;
  WallTime started{};
  std::map<std::uint32_t, std::string> parts;
};

class MemoryBucket {
 public:
  std::map<std::string, MemoryObject> objects;
  std::map<std::string, MemoryUpload> uploads;
  std::uint64_t last_upload = 0;
};

namespace {

constexpr std::size_t kRemovesAtOnce = 1000;
/// No UTF-8 has this byte, so that it sorts behind all that can follow a prefix.
constexpr char kBehindAll = '\xff';

/// Bytes that stay what they were, also when the object is replaced meanwhile.
class SharedBody final : public Body {
 public:
  SharedBody(std::shared_ptr<const std::string> bytes, ByteRange range)
      : bytes_(std::move(bytes)), range_(range) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    const auto count = static_cast<std::size_t>(std::min<Bytes>(into.size(), range_.size - at_));
    std::copy_n(as_bytes(*bytes_).begin() + static_cast<std::ptrdiff_t>(range_.offset + at_), count,
                into.begin());
    at_ += count;
    co_return count;
  }
  Result<void> rewind() override {
    at_ = 0;
    return {};
  }

 private:
  std::shared_ptr<const std::string> bytes_;
  ByteRange range_;
  Bytes at_ = 0;
};

Task<std::string> receive(const Context& context, Upload upload) {
  Result<std::string> bytes = co_await read_all(*upload.body, upload.size);
  GODWIT_CO_CHECK(context.check());
  const bool longer = !bytes && bytes.error().code() == Code::limit_exceeded;
  if (longer || (bytes && bytes->size() != upload.size)) {
    co_return fail(Code::corrupted,
                   "the body is not as long as its " + std::to_string(upload.size) + " bytes");
  }
  co_return bytes;
}

class MemoryListing final : public Listing {
 public:
  MemoryListing(std::shared_ptr<MemoryBucket> bucket, ListOptions options)
      : bucket_(std::move(bucket)), options_(std::move(options)), after_(options_.start_after) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    GODWIT_CO_CHECK(context.check());
    std::vector<ListEntry> page;
    while (page.size() < options_.page_size) {
      const auto found = next_object();
      if (found == bucket_->objects.end()) break;
      ListEntry entry = entry_of(found->second.info);
      // Behind all that a prefix stands for: no key below it is greater.
      after_ = entry.is_prefix ? entry.key + kBehindAll : entry.key;
      if (entry.key <= options_.start_after) continue;
      if (!options_.end_before.empty() && entry.key >= options_.end_before) break;
      page.push_back(std::move(entry));
    }
    co_return page;
  }

 private:
  using Objects = std::map<std::string, MemoryObject>;

  /// The first object behind `after_` that has the prefix, or the end.
  [[nodiscard]] Objects::const_iterator next_object() const {
    const Objects& objects = bucket_->objects;
    const auto at = after_ < options_.prefix ? objects.lower_bound(options_.prefix)
                                             : objects.upper_bound(after_);
    return at != objects.end() && at->first.starts_with(options_.prefix) ? at : objects.end();
  }

  /// What a listing of this depth says of an object: itself, or the prefix that it is below.
  [[nodiscard]] ListEntry entry_of(const ObjectInfo& info) const {
    ListEntry entry{info.key, info.size, info.etag, info.modified, false};
    const std::size_t slash = options_.depth == Depth::level
                                  ? info.key.find('/', options_.prefix.size())
                                  : std::string::npos;
    if (slash == std::string::npos) return entry;
    entry = {};
    entry.key = info.key.substr(0, slash + 1);
    entry.is_prefix = true;
    return entry;
  }

  std::shared_ptr<MemoryBucket> bucket_;
  ListOptions options_;
  std::string after_;
};

class MemoryStore final : public Store, public Multipart {
 public:
  MemoryStore(World& world, const std::string& name, std::shared_ptr<MemoryBucket> bucket)
      : world_(world), bucket_(std::move(bucket)) {
    identity_ = {.scheme = "memory",
                 .url = "memory:" + name,
                 .service = "memory:" + name,
                 .place = "memory:" + name + "/"};
    capabilities_.put_if_absent = capabilities_.put_if_match = capabilities_.get_if_match = true;
    capabilities_.list_has_etag = capabilities_.etag_is_md5 = capabilities_.put_tells_md5 = true;
    capabilities_.list_after_write = capabilities_.list_from_anywhere = true;
    capabilities_.user_metadata = capabilities_.tags = true;
    capabilities_.server_side_copy = capabilities_.multipart = true;
    capabilities_.max_parts = 10'000;
    capabilities_.max_removes = kRemovesAtOnce;
  }

  const StoreIdentity& identity() const override { return identity_; }
  const Capabilities& capabilities() const override { return capabilities_; }
  Multipart* multipart() override { return this; }

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_CHECK(context.check());
    GODWIT_CO_TRY(const MemoryObject* object, find("head", key));
    co_return object->info;
  }

  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    GODWIT_CO_CHECK(context.check());
    GODWIT_CO_TRY(const MemoryObject* object, find("get", key));
    if (!options.if_match.empty() && options.if_match != object->info.etag) {
      co_return fail(Error(Code::precondition_failed, "the object is another version")
                         .at(place_of(*this, "get", key)));
    }
    const Result<ByteRange> range = resolve_range(options, object->info.size);
    if (!range) co_return fail(Error(range.error()).at(place_of(*this, "get", key)));
    co_return GetResult{object->info, std::make_unique<SharedBody>(object->bytes, *range)};
  }

  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    Result<PutResult> stored = co_await put_here(context, key, upload, options);
    if (!stored) co_return fail(std::move(stored).error().at(place_of(*this, "put", key)));
    co_return stored;
  }

  Task<PutResult> copy(const Context& context, const std::string& key, const CopySource& source,
                       const PutOptions& options) override {
    GODWIT_CO_CHECK(context.check());
    GODWIT_CO_CHECK(check(key, "copy"));
    auto* from = dynamic_cast<MemoryStore*>(&source.store->driver());
    if (from == nullptr) co_return fail(Code::unsupported, "the source is no memory: store");
    GODWIT_CO_TRY(const MemoryObject* object, from->find("copy", source.key));
    if (!source.if_match.empty() && source.if_match != object->info.etag) {
      co_return fail(Error(Code::precondition_failed, "the object is another version")
                         .at(place_of(*from, "copy", source.key)));
    }
    PutOptions kept = options;
    if (source.metadata == MetadataFrom::source) kept.metadata = object->info.metadata;
    const std::shared_ptr<const std::string> bytes = object->bytes;
    co_return commit(key, bytes, to_hex(md5(as_bytes(*bytes))), kept);
  }

  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    GODWIT_CO_CHECK(context.check());
    for (const std::string& key : keys) bucket_->objects.erase(key);
    co_return std::vector<Result<void>>(keys.size());
  }

  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return std::make_unique<MemoryListing>(bucket_, options);
  }

  Task<void> flush(const Context&) override { co_return Result<void>(); }
  Task<void> close() override { co_return Result<void>(); }

  // Multipart.

  Task<UploadId> create(const Context& context, const std::string& key,
                        const PutOptions&) override {
    GODWIT_CO_CHECK(context.check());
    GODWIT_CO_CHECK(check(key, "create upload"));
    const std::string id = std::to_string(++bucket_->last_upload);
    bucket_->uploads[id] = {.key = key, .started = world_.wall_now(), .parts = {}};
    co_return UploadId{key, id, {}};
  }

  Task<PartInfo> put_part(const Context& context, const UploadId& upload, PartPlace place,
                          Upload part) override {
    GODWIT_CO_CHECK(context.check());
    GODWIT_CO_TRY(std::string bytes, co_await receive(context, part));
    co_return store_part(upload, place, std::move(bytes));
  }

  Task<PartInfo> copy_part(const Context& context, const UploadId& upload, PartPlace place,
                           const CopySource& source) override {
    GetOptions options;
    options.range = source.range;
    options.if_match = source.if_match;
    GODWIT_CO_TRY(GetResult got, co_await source.store->get(context, source.key, options));
    GODWIT_CO_TRY(std::string bytes, co_await read_all(*got.body, got.info.size));
    co_return store_part(upload, place, std::move(bytes));
  }

  Task<std::vector<PartInfo>> parts(const Context& context, const UploadId& upload) override {
    GODWIT_CO_CHECK(context.check());
    GODWIT_CO_TRY(const MemoryUpload* open, find_upload(upload));
    std::vector<PartInfo> arrived;
    for (const auto& [number, bytes] : open->parts) {
      arrived.push_back({number, bytes.size(), to_hex(md5(as_bytes(bytes)))});
    }
    co_return arrived;
  }

  Task<PutResult> complete(const Context& context, const UploadId& upload,
                           std::span<const PartInfo> parts, const PutOptions& options) override {
    GODWIT_CO_CHECK(context.check());
    GODWIT_CO_TRY(const MemoryUpload* open, find_upload(upload));
    Result<void> checked = check_parts(parts);
    if (!checked) {
      co_return fail(std::move(checked).error().at(place_of(*this, "complete", upload.key)));
    }
    auto bytes = std::make_shared<std::string>();
    std::vector<std::string> md5s;
    for (const PartInfo& part : parts) {
      const auto found = open->parts.find(part.number);
      if (found == open->parts.end() || to_hex(md5(as_bytes(found->second))) != part.etag) {
        co_return fail(Error(Code::invalid_argument,
                             "part " + std::to_string(part.number) + " is not the one that arrived")
                           .at(place_of(*this, "complete", upload.key)));
      }
      *bytes += found->second;
      md5s.push_back(part.etag);
    }
    Result<PutResult> stored = commit(upload.key, bytes, compose_etag(md5s).value(), options);
    if (stored) bucket_->uploads.erase(upload.id);
    co_return stored;
  }

  Task<void> abort(const Context& context, const UploadId& upload) override {
    GODWIT_CO_CHECK(context.check());
    bucket_->uploads.erase(upload.id);
    co_return Result<void>();
  }

  Task<std::vector<UploadId>> list(const Context& context, const std::string& prefix) override {
    GODWIT_CO_CHECK(context.check());
    std::vector<UploadId> open;
    for (const auto& [id, upload] : bucket_->uploads) {
      if (upload.key.starts_with(prefix)) open.push_back({upload.key, id, upload.started});
    }
    co_return open;
  }

 private:
  Result<void> check(const std::string& key, const char* operation) const {
    Result<void> checked = check_key(key);
    if (!checked) return fail(std::move(checked).error().at(place_of(*this, operation, key)));
    return checked;
  }

  Result<const MemoryObject*> find(const char* operation, const std::string& key) const {
    const auto found = bucket_->objects.find(key);
    if (found != bucket_->objects.end()) return &found->second;
    return fail(std::move(no_such_object().error()).at(place_of(*this, operation, key)));
  }

  Result<MemoryUpload*> find_upload(const UploadId& upload) {
    const auto found = bucket_->uploads.find(upload.id);
    if (found != bucket_->uploads.end()) return &found->second;
    return fail(Error(Code::not_found, "there is no such upload")
                    .at(place_of(*this, "upload", upload.key)));
  }

  Task<PutResult> put_here(const Context& context, const std::string& key, Upload upload,
                           const PutOptions& options) {
    GODWIT_CO_CHECK(context.check());
    GODWIT_CO_CHECK(check_key(key));
    GODWIT_CO_TRY(std::string received, co_await receive(context, upload));
    auto bytes = std::make_shared<const std::string>(std::move(received));
    std::string etag = to_hex(md5(as_bytes(*bytes)));
    const auto promised = ContentEtag::parse(options.content_etag);
    if (promised && promised->parts == 0 && promised->md5_hex != etag) {
      co_return fail(Error(Code::corrupted, "the bytes that arrived are not those promised")
                         .with(Retry::later));
    }
    co_return commit(key, std::move(bytes), std::move(etag), options);
  }

  Result<PutResult> commit(const std::string& key, std::shared_ptr<const std::string> bytes,
                           std::string etag, const PutOptions& options) {
    const auto found = bucket_->objects.find(key);
    const bool there = found != bucket_->objects.end();
    const bool refused = (options.condition == Condition::absent && there) ||
                         (options.condition == Condition::matches &&
                          (!there || found->second.info.etag != options.etag));
    if (refused) {
      return fail(Error(Code::precondition_failed,
                        there ? "the object is another version" : "the object is not there")
                      .at(place_of(*this, "put", key)));
    }
    MemoryObject& object = bucket_->objects[key];
    object.info.key = key;
    object.info.size = bytes->size();
    object.info.etag = etag;
    object.info.modified = world_.wall_now();
    object.info.metadata = options.metadata;
    object.bytes = std::move(bytes);
    return PutResult{std::move(etag)};
  }

  Result<PartInfo> store_part(const UploadId& upload, PartPlace place, std::string bytes) {
    GODWIT_TRY(MemoryUpload * open, find_upload(upload));
    PartInfo info{place.number, bytes.size(), to_hex(md5(as_bytes(bytes)))};
    open->parts[place.number] = std::move(bytes);
    return info;
  }

  World& world_;
  StoreIdentity identity_;
  Capabilities capabilities_;
  std::shared_ptr<MemoryBucket> bucket_;
};

}  // namespace

SchemeInfo memory_scheme() {
  auto buckets = std::make_shared<std::map<std::string, std::shared_ptr<MemoryBucket>>>();
  const auto open = [buckets](World& world,
                              const StoreSpec& spec) -> Result<std::unique_ptr<Store>> {
    std::shared_ptr<MemoryBucket>& bucket = (*buckets)[spec.name];
    if (!bucket) bucket = std::make_shared<MemoryBucket>();
    return std::make_unique<MemoryStore>(world, spec.name, bucket);
  };
  return {.scheme = "memory",
          .url = "memory:NAME",
          .description = "Objects in the memory of this process, gone with it: for tests.",
          .options = {},
          .open = open};
}

std::unique_ptr<Store> make_memory_store(World& world, const std::string& name) {
  return std::make_unique<MemoryStore>(world, name, std::make_shared<MemoryBucket>());
}

}  // namespace godwit
