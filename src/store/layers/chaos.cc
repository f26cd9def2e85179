#include "store/layers/chaos.h"

#include <limits>

#include "store/layers/forwarding.h"

namespace godwit {
namespace {

/// The dice of one store.
class Dice {
 public:
  explicit Dice(const Faults* faults) : faults_(faults) {}

  [[nodiscard]] const Faults& faults() const { return *faults_; }
  static bool strikes(World& world, double share) {
    const auto drawn = static_cast<double>(world.random());
    return drawn < share * static_cast<double>(std::numeric_limits<std::uint64_t>::max());
  }

  /// The delay and the refusals that any call may meet.
  Task<void> before(const Context& context) const {
    World& world = context.world();
    GODWIT_CO_CHECK(context.check());
    if (faults_->longest_delay > Duration::zero()) {
      const auto most = static_cast<std::uint64_t>(faults_->longest_delay.count());
      GODWIT_CO_CHECK(co_await context.sleep(Duration(world.random() % most)));
    }
    if (strikes(world, faults_->unavailable)) co_return fail(Code::unavailable, "chaos: down");
    if (strikes(world, faults_->throttled)) co_return fail(Code::throttled, "chaos: slow down");
    co_return Result<void>();
  }

 private:
  const Faults* faults_;
};

/// A body that may break off, or arrive changed.
class ChaosBody final : public Body {
 public:
  ChaosBody(World& world, const Dice& dice, std::unique_ptr<Body> inner)
      : world_(world), dice_(dice), inner_(std::move(inner)) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    GODWIT_CO_TRY(const std::size_t count, co_await inner_->read(into));
    if (Dice::strikes(world_, dice_.faults().cut_body)) {
      co_return fail(Code::unavailable, "chaos: the connection broke");
    }
    if (count > 0 && Dice::strikes(world_, dice_.faults().flipped_bit)) {
      into[world_.random() % count] ^= std::byte{1};
    }
    co_return count;
  }

 private:
  World& world_;
  Dice dice_;
  std::unique_ptr<Body> inner_;
};

class ChaosListing final : public Listing {
 public:
  ChaosListing(const Dice& dice, std::unique_ptr<Listing> inner)
      : dice_(dice), inner_(std::move(inner)) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    GODWIT_CO_CHECK(co_await dice_.before(context));
    if (Dice::strikes(context.world(), dice_.faults().broken_listing)) {
      co_return fail(Error(Code::corrupted, "chaos: half a page").with(Retry::later));
    }
    co_return co_await inner_->next(context);
  }

 private:
  Dice dice_;
  std::unique_ptr<Listing> inner_;
};

class ChaosStore final : public ForwardingStore {
 public:
  ChaosStore(std::unique_ptr<Store> inner, const Faults* faults)
      : ForwardingStore(std::move(inner)), dice_(faults) {}

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_CHECK(co_await before(context));
    co_return co_await inner().head(context, key);
  }

  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    GODWIT_CO_CHECK(co_await before(context));
    GODWIT_CO_TRY(GetResult got, co_await inner().get(context, key, options));
    got.body = std::make_unique<ChaosBody>(context.world(), dice_, std::move(got.body));
    co_return got;
  }

  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    GODWIT_CO_CHECK(co_await before(context));
    GODWIT_CO_TRY(PutResult stored, co_await inner().put(context, key, upload, options));
    GODWIT_CO_CHECK(answer(context));
    co_return stored;
  }

  Task<PutResult> copy(const Context& context, const std::string& key, const CopySource& source,
                       const PutOptions& options) override {
    GODWIT_CO_CHECK(co_await before(context));
    GODWIT_CO_TRY(PutResult stored, co_await inner().copy(context, key, source, options));
    GODWIT_CO_CHECK(answer(context));
    co_return stored;
  }

  Task<UploadId> create(const Context& context, const std::string& key,
                        const PutOptions& options) override {
    GODWIT_CO_CHECK(co_await before(context));
    co_return co_await inner().multipart()->create(context, key, options);
  }

  Task<PartInfo> put_part(const Context& context, const UploadId& upload, PartPlace place,
                          Upload part) override {
    GODWIT_CO_CHECK(co_await before(context));
    co_return co_await inner().multipart()->put_part(context, upload, place, part);
  }

  Task<PartInfo> copy_part(const Context& context, const UploadId& upload, PartPlace place,
                           const CopySource& source) override {
    GODWIT_CO_CHECK(co_await before(context));
    co_return co_await inner().multipart()->copy_part(context, upload, place, source);
  }

  Task<std::vector<PartInfo>> parts(const Context& context, const UploadId& upload) override {
    GODWIT_CO_CHECK(co_await before(context));
    co_return co_await inner().multipart()->parts(context, upload);
  }

  Task<PutResult> complete(const Context& context, const UploadId& upload,
                           std::span<const PartInfo> sent, const PutOptions& options) override {
    GODWIT_CO_CHECK(co_await before(context));
    GODWIT_CO_TRY(PutResult stored,
                  co_await inner().multipart()->complete(context, upload, sent, options));
    GODWIT_CO_CHECK(answer(context));
    co_return stored;
  }

  Task<void> abort(const Context& context, const UploadId& upload) override {
    GODWIT_CO_CHECK(co_await before(context));
    co_return co_await inner().multipart()->abort(context, upload);
  }

  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    GODWIT_CO_CHECK(co_await before(context));
    co_return co_await inner().remove(context, keys);
  }

  using ForwardingStore::list;
  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return std::make_unique<ChaosListing>(dice_, inner().list(options));
  }

 private:
  [[nodiscard]] Task<void> before(const Context& context) const {
    auto fine = co_await dice_.before(context);
    if (fine) co_return fine;
    co_return fail(std::move(fine).error().at({.store = identity().url}));
  }
  [[nodiscard]] Result<void> answer(const Context& context) const {
    if (!Dice::strikes(context.world(), dice_.faults().lost_answer)) return {};
    return fail(Error(Code::timed_out, "chaos: no answer")
                    .with(Outcome::unknown)
                    .at({.store = identity().url}));
  }

  Dice dice_;
};

}  // namespace

std::unique_ptr<Store> with_chaos(std::unique_ptr<Store> inner, const Faults* faults) {
  return std::make_unique<ChaosStore>(std::move(inner), faults);
}

}  // namespace godwit
