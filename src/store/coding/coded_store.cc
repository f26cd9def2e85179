#include "store/coding/coded_store.h"

#include <utility>

#include "store/coding/coded_listing.h"
#include "store/coding/coded_multipart.h"
#include "store/coding/reading.h"
#include "store/coding/writing.h"
#include "store/layers/forwarding.h"

namespace godwit::coding {
namespace {

/// Times CodedMultipart::kLargestPart: more than any service stores.
constexpr std::uint32_t kMostParts = 100'000;

class CodedStore final : public ForwardingStore {
 public:
  CodedStore(World& world, std::unique_ptr<Store> store, const CodingSpec& spec,
             std::optional<KeyRing> keys)
      : ForwardingStore(std::move(store)),
        keys_(std::move(keys)),
        identity_(inner().identity()),
        capabilities_(inner().capabilities()),
        reading_(inner(), keys_ ? &*keys_ : nullptr),
        writing_(world, inner(), reading_, spec, keys_ ? &*keys_ : nullptr),
        multipart_(world, inner(), writing_) {
    // What it stores is of no use to others in the same service.
    identity_.service.insert(0, "coded ");
    capabilities_.server_side_copy = capabilities_.part_layout = false;
    capabilities_.put_tells_md5 = false;
    capabilities_.list_has_etag = true;
    if (!capabilities_.multipart) capabilities_.max_put_size = kInHand;
    if (!capabilities_.multipart || !spec.changes()) return;
    capabilities_.max_put_size = std::numeric_limits<Bytes>::max();
    capabilities_.min_part_size = 1;
    capabilities_.max_part_size = CodedMultipart::kLargestPart;
    capabilities_.max_parts = kMostParts;
  }

  const StoreIdentity& identity() const override { return identity_; }
  const Capabilities& capabilities() const override { return capabilities_; }
  /// Nobody moves the stored bytes past this.
  Store& driver() override { return *this; }
  Multipart* multipart() override { return capabilities_.multipart ? &multipart_ : nullptr; }

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    Result<Seen> seen = co_await reading_.head(context, key);
    if (!seen) co_return placed(std::move(seen).error(), "head", key);
    co_return std::move(seen->info);
  }

  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    Result<GetResult> got = co_await reading_.get(context, key, options);
    if (!got) co_return placed(std::move(got).error(), "get", key);
    co_return got;
  }

  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    Result<PutResult> stored = co_await writing_.put(context, key, upload, options);
    if (!stored) co_return placed(std::move(stored).error(), "put", key);
    co_return stored;
  }

  Task<PutResult> copy(const Context& context, const std::string& key, const CopySource&,
                       const PutOptions&) override {
    GODWIT_CO_CHECK(context.check());
    GODWIT_CO_CHECK(check_key(key));
    co_return placed(Error(Code::unsupported, "a coded store copies nothing by itself"), "copy",
                     key);
  }

  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return describe_listing(inner().list(options), reading_);
  }

 private:
  [[nodiscard]] std::unexpected<Error> placed(Error error, const char* operation,
                                              const std::string& key) const {
    return fail(std::move(error).at(place_of(*this, operation, key)));
  }

  std::optional<KeyRing> keys_;
  StoreIdentity identity_;
  Capabilities capabilities_;
  Reading reading_;
  Writing writing_;
  CodedMultipart multipart_;
};

}  // namespace

Result<std::unique_ptr<Store>> with_coding(World& world, std::unique_ptr<Store> inner,
                                           const std::optional<CodingSpec>& spec) {
  if (!spec) return inner;
  if (!inner->capabilities().user_metadata) {
    return fail(Code::unsupported, "a store without metadata cannot say how bodies are coded");
  }
  std::optional<KeyRing> keys;
  if (!spec->key_file.empty()) {
    auto loaded = load_keys(world, spec->key_file);
    if (!loaded) return fail(std::move(loaded).error().because_of("encryption_key_file"));
    keys = *std::move(loaded);
  }
  return std::make_unique<CodedStore>(world, std::move(inner), *spec, std::move(keys));
}

}  // namespace godwit::coding
