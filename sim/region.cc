#include "sim/region.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "store/layers/forwarding.h"

namespace godwit::sim {
namespace {

asio::awaitable<void> land_put(Context context, Store* region, Duration after, std::string key,
                               std::string bytes, PutOptions options) {
  (void)co_await context.sleep(after);
  MemoryBody body(bytes);
  const Upload upload{.body = &body, .size = bytes.size()};
  (void)co_await region->put(context, key, upload, options);
}

asio::awaitable<void> land_remove(Context context, Store* region, Duration after,
                                  std::vector<std::string> keys) {
  (void)co_await context.sleep(after);
  (void)co_await region->remove(context, keys);
}

asio::awaitable<void> land_upload(Context context, Store* region, Duration after, UploadId upload,
                                  std::vector<PartInfo> parts, PutOptions options) {
  (void)co_await context.sleep(after);
  (void)co_await region->multipart()->complete(context, upload, parts, options);
}

class SlowBody final : public Body {
 public:
  SlowBody(Context context, std::string bytes, Duration longest_pause, bool breaks)
      : context_(std::move(context)),
        bytes_(std::move(bytes)),
        longest_pause_(longest_pause),
        breaks_(breaks) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    World& world = context_.world();
    const auto most = static_cast<std::uint64_t>(longest_pause_.count());
    GODWIT_CO_CHECK(co_await context_.sleep(Duration(world.random() % most)));
    const std::size_t left = bytes_.size() - position_;
    if (breaks_ && left < 3) co_return fail(Code::unavailable, "the writer is gone");
    const std::size_t count = std::min({left, into.size(), std::size_t{1 + world.random() % 3}});
    std::memcpy(into.data(), bytes_.data() + position_, count);
    position_ += count;
    co_return count;
  }

 private:
  Context context_;
  std::string bytes_;
  Duration longest_pause_;
  bool breaks_;
  std::size_t position_ = 0;
};

std::unexpected<Error> no_answer() {
  return fail(Error(Code::timed_out, "the answer is lost").with(godwit::Outcome::unknown));
}

class Guarded final : public ForwardingStore {
 public:
  Guarded(std::unique_ptr<Store> inner, Border border)
      : ForwardingStore(std::move(inner)), border_(std::move(border)) {}

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_CHECK(reach(key));
    co_return co_await inner().head(context, key);
  }
  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    GODWIT_CO_CHECK(reach(key));
    co_return co_await inner().get(context, key, options);
  }
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    GODWIT_CO_CHECK(reach(key));
    const auto late = border_.lateness();
    if (!late) {
      auto stored = co_await inner().put(context, key, upload, options);
      if (stored) border_.on_put(key, options);
      co_return stored;
    }
    border_.on_put(key, options);
    GODWIT_CO_TRY(std::string bytes, co_await read_all(*upload.body, kMiB));
    border_.land(
        land_put(Context(context.world()), border_.region, *late, key, std::move(bytes), options));
    co_return no_answer();
  }
  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    for (const std::string& key : keys) GODWIT_CO_CHECK(reach(key));
    const auto late = border_.lateness();
    if (!late) co_return co_await inner().remove(context, keys);
    border_.land(
        land_remove(Context(context.world()), border_.region, *late, {keys.begin(), keys.end()}));
    co_return no_answer();
  }

  Task<UploadId> create(const Context& context, const std::string& key,
                        const PutOptions& options) override {
    GODWIT_CO_CHECK(reach(key));
    co_return co_await inner().multipart()->create(context, key, options);
  }
  Task<PartInfo> put_part(const Context& context, const UploadId& upload, PartPlace place,
                          Upload part) override {
    GODWIT_CO_CHECK(reach(upload.key));
    co_return co_await inner().multipart()->put_part(context, upload, place, part);
  }
  Task<std::vector<PartInfo>> parts(const Context& context, const UploadId& upload) override {
    GODWIT_CO_CHECK(reach(upload.key));
    co_return co_await inner().multipart()->parts(context, upload);
  }
  Task<PutResult> complete(const Context& context, const UploadId& upload,
                           std::span<const PartInfo> parts, const PutOptions& options) override {
    GODWIT_CO_CHECK(reach(upload.key));
    const auto late = border_.lateness();
    if (!late) {
      auto stored = co_await inner().multipart()->complete(context, upload, parts, options);
      if (stored) border_.on_put(upload.key, options);
      co_return stored;
    }
    border_.on_put(upload.key, options);
    border_.land(land_upload(Context(context.world()), border_.region, *late, upload,
                             {parts.begin(), parts.end()}, options));
    co_return no_answer();
  }
  Task<void> abort(const Context& context, const UploadId& upload) override {
    GODWIT_CO_CHECK(reach(upload.key));
    co_return co_await inner().multipart()->abort(context, upload);
  }

 private:
  [[nodiscard]] Result<void> reach(const std::string& key) const {
    border_.on_call(key);
    if (*border_.away) return fail(Code::unavailable, "the region is gone");
    return {};
  }
  Border border_;
};

}  // namespace

std::unique_ptr<Store> with_border(std::unique_ptr<Store> inner, Border border) {
  return std::make_unique<Guarded>(std::move(inner), std::move(border));
}

std::unique_ptr<Body> slow_body(Context context, std::string bytes, Duration longest_pause,
                                bool breaks) {
  return std::make_unique<SlowBody>(std::move(context), std::move(bytes), longest_pause, breaks);
}

}  // namespace godwit::sim
