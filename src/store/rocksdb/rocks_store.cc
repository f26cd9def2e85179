#include "store/rocksdb/rocks_store.h"

#include <utility>

#include "store/etag.h"
#include "store/rocksdb/rocks_body.h"
#include "store/rocksdb/rocks_listing.h"
#include "store/rocksdb/rocks_multipart.h"

namespace godwit::rocks {
namespace {

constexpr std::size_t kRemovesAtOnce = 1000;

ObjectInfo info_of(const std::string& key, const Header& header) {
  ObjectInfo info;
  info.key = key;
  info.size = header.size;
  info.etag = header.etag;
  info.modified = header.modified;
  info.metadata = header.metadata;
  return info;
}

class RocksStore final : public Store {
 public:
  RocksStore(World& world, std::shared_ptr<Place> place, const StoreSpec& spec)
      : calls_(world, std::move(place)),
        root_(spec.prefix),
        identity_{.scheme = "rocksdb",
                  .url = StoreSpec{spec.scheme, spec.name, spec.prefix, {}, {}}.to_url(),
                  .service = "rocksdb",
                  .place = "rocksdb:" + spec.name + "//" + spec.prefix},
        flushes_(spec.options.contains("fsync") && spec.options.at("fsync") == "batch"),
        multipart_(*this, calls_, root_) {
    capabilities_.put_if_absent = capabilities_.put_if_match = capabilities_.get_if_match = true;
    capabilities_.list_has_etag = true;
    // Tokens of the form of an MD5 are those that the writer told.
    capabilities_.etag_is_md5 = true;
    capabilities_.list_after_write = capabilities_.list_from_anywhere = true;
    capabilities_.user_metadata = capabilities_.tags = true;
    capabilities_.server_side_copy = capabilities_.multipart = true;
    capabilities_.keeps_modified = true;
    capabilities_.max_removes = kRemovesAtOnce;
  }

  const StoreIdentity& identity() const override { return identity_; }
  const Capabilities& capabilities() const override { return capabilities_; }
  Multipart* multipart() override { return &multipart_; }

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_CHECK(begin(context, "head", key));
    auto work = [key = root_ + key](const std::shared_ptr<Tables>& tables) {
      return tables->objects.find(key);
    };
    GODWIT_CO_TRY(const Header header, placed(co_await calls_.run(std::move(work)), "head", key));
    co_return info_of(key, header);
  }

  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    GODWIT_CO_CHECK(begin(context, "get", key));
    auto work = [key = root_ + key](const std::shared_ptr<Tables>& tables) {
      return begin_reading(tables, key);
    };
    GODWIT_CO_TRY(const Reading reading, placed(co_await calls_.run(std::move(work)), "get", key));
    if (!options.if_match.empty() && options.if_match != reading.header.etag) {
      co_return fail(Error(Code::precondition_failed, "the object is another version")
                         .at(place_of(*this, "get", key)));
    }
    GODWIT_CO_TRY(const ByteRange range,
                  placed(resolve_range(options, reading.header.size), "get", key));
    GetResult result;
    result.info = info_of(key, reading.header);
    result.body = make_body(calls_, reading, range, place_of(*this, "get", key));
    co_return result;
  }

  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    GODWIT_CO_CHECK(begin(context, "put", key));
    co_return placed(co_await store(context, key, upload, options), "put", key);
  }

  Task<PutResult> copy(const Context& context, const std::string& key, const CopySource& source,
                       const PutOptions& options) override {
    GODWIT_CO_CHECK(begin(context, "copy", key));
    auto* from = dynamic_cast<RocksStore*>(&source.store->driver());
    if (from == nullptr) {
      co_return fail(Error(Code::unsupported, "the source is no rocksdb: store")
                         .at(place_of(*this, "copy", key)));
    }
    GetOptions wanted;
    wanted.if_match = source.if_match;
    GODWIT_CO_TRY(const GetResult got, co_await from->get(context, source.key, wanted));
    PutOptions kept = options;
    if (source.metadata == MetadataFrom::source) {
      kept.metadata = got.info.metadata;
      kept.modified = got.info.modified;
    }
    // The bytes are the same, so what is proven of them holds.
    if (kept.content_etag.empty() && ContentEtag::parse(got.info.etag)) {
      kept.content_etag = got.info.etag;
    }
    const Upload upload{got.body.get(), got.info.size};
    co_return placed(co_await store(context, key, upload, kept), "copy", key);
  }

  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    GODWIT_CO_CHECK(placed(context.check(), "remove", {}));
    std::vector<Result<void>> outcome(keys.size());
    std::vector<std::string> legal;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      outcome[i] = placed(check_key(keys[i]), "remove", keys[i]);
      if (outcome[i]) legal.push_back(root_ + keys[i]);
    }
    auto work = [legal = std::move(legal)](const std::shared_ptr<Tables>& tables) {
      return tables->objects.remove(legal);
    };
    GODWIT_CO_CHECK(placed(co_await calls_.run(std::move(work)), "remove", {}));
    co_return outcome;
  }

  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return list_objects(calls_, root_, options, place_of(*this, "list", options.prefix));
  }

  Task<void> flush(const Context&) override {
    if (!flushes_) co_return Result<void>();
    auto work = [](const std::shared_ptr<Tables>& tables) {
      return tables->database->write({}, kv::Durability::now);
    };
    co_return placed(co_await calls_.run(std::move(work)), "flush", {});
  }

  Task<void> close() override { co_return co_await calls_.close(); }

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

  Task<PutResult> store(const Context& context, const std::string& key, Upload upload,
                        const PutOptions& options) {
    const std::string whole = root_ + key;
    GODWIT_CO_TRY(Draft draft, co_await calls_.receive(context, upload));
    auto commit = [whole, options, description = calls_.description()](Tables& tables,
                                                                       const Draft& received) {
      return tables.objects.commit(whole, received, options, description);
    };
    co_return co_await calls_.commit(std::move(draft), std::move(commit));
  }

  Calls calls_;
  std::string root_;  // what all keys of this store begin with in the database
  StoreIdentity identity_;
  bool flushes_;
  RocksMultipart multipart_;
  Capabilities capabilities_;
};

const std::vector<OptionInfo> kOptions = {
    {.name = "fsync",
     .help = "when data are on stable storage: `always` before a put returns, `batch` at the end "
             "of a run, `never`",
     .fallback = "always (batch in sync, copy, verify and repair)",
     .choices = {"always", "batch", "never"}},
    {.name = "memory",
     .help = "of write buffers and cache together, about",
     .fallback = "64MiB",
     .choices = {}},
    {.name = "missing",
     .help = "`empty` makes a store where there is none",
     .fallback = "error (empty for a target)",
     .choices = {"error", "empty"}}};

Result<PlaceOptions> read_options(const StoreSpec& spec) {
  const OptionReader options(spec, kOptions);
  PlaceOptions place;
  place.directory = spec.name;
  GODWIT_TRY(const std::string fsync, options.choice("fsync"));
  GODWIT_TRY(const std::string missing, options.choice("missing"));
  GODWIT_TRY(place.database.memory, parse_bytes(options.text("memory").value_or("64MiB")));
  place.durability = fsync == "always" ? kv::Durability::now : kv::Durability::later;
  place.missing = missing == "empty" ? OnMissing::empty : OnMissing::error;
  return place;
}

/// The places that stores are on, by directory.
using Places = std::map<std::string, std::weak_ptr<Place>>;

}  // namespace

SchemeInfo rocksdb_scheme(kv::Engine& engine) {
  const auto open = [&engine, places = std::make_shared<Places>()](
                        World& world, const StoreSpec& spec) -> Result<std::unique_ptr<Store>> {
    GODWIT_TRY(const PlaceOptions options, read_options(spec));
    std::weak_ptr<Place>& known = (*places)[spec.name];
    std::shared_ptr<Place> place = known.lock();
    if (!place) place = std::make_shared<Place>(engine, world.disk(), options);
    known = place;
    return std::make_unique<RocksStore>(world, std::move(place), spec);
  };
  return {.scheme = "rocksdb",
          .url = "rocksdb:///DIR//PREFIX",
          .description = "An embedded database in a directory of this machine.",
          .options = kOptions,
          .notes = "What lies behind `//` begins all keys of the store.",
          .open = open};
}

}  // namespace godwit::rocks
