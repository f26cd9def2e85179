#include "transfer/parts_copy.h"

#include <algorithm>
#include <utility>

#include "store/etag.h"
#include "transfer/bodies.h"
#include "transfer/part_tries.h"
#include "world/signal.h"

namespace godwit::transfer {
namespace {

using namespace std::chrono_literals;

/// A first byte that comes sooner than this means that one stream fills the way already.
constexpr Duration kNearby = 10ms;

/// How the parts of one attempt are cut and proven.
struct Plan {
  PartLayout layout;
  /// Parts are hashed on the way, because one end cannot tell their MD5.
  bool hash_parts = false;
  /// The composed token must be the source's; else the layout was guessed wrongly.
  bool must_match_source = false;
};

/// One upload of one object with one plan.
class PartsCopy {
 public:
  PartsCopy(const Context& context, const PartsCopyNeeds& needs, const ObjectInfo& source,
            const std::string& target_key, Plan plan)
      : context_(context),
        needs_(needs),
        source_(source),
        target_key_(target_key),
        plan_(plan),
        multipart_(*needs.stores.target.multipart()),
        in_service_(same_service(needs.stores)),
        checkpoint_(needs.resources.world, needs.options.state_directory,
                    needs.stores.source.identity().place + "/" + source.key,
                    needs.stores.target.identity().place + "/" + target_key),
        put_options_(put_options_for(needs.stores, source, needs.resources.annotate)),
        streams_(needs.resources.world.executor()) {}

  /// False: all parts are there and do not compose to the source's token; the upload is aborted.
  Task<bool> run() {
    Result<bool> done = co_await upload_all();
    if (!done) {
      const bool freed = co_await was_freed(done.error());
      if (freed) done = fail(std::move(done).error().with(Retry::later));
    }
    const bool keep =
        !done && (done.error().retry() == Retry::later || done.error().code() == Code::cancelled);
    const bool resumable = !needs_.options.state_directory.empty();
    if ((!done && (!keep || !resumable)) || (done && !*done)) co_await give_up();
    co_return done;
  }

  [[nodiscard]] Bytes moved() const { return moved_; }

 private:
  Task<bool> upload_all() {
    GODWIT_CO_CHECK(co_await open());
    GODWIT_CO_CHECK(co_await send_missing());
    std::vector<PartInfo> parts;
    std::vector<std::string> md5s;
    for (auto& [number, part] : parts_) {
      md5s.push_back(plan_.hash_parts && !target_tells_md5() ? state_.part_md5s[number]
                                                             : part.etag);
      parts.push_back(std::move(part));
    }
    if (plan_.must_match_source && compose_etag(md5s) != source_.etag) co_return false;
    PutOptions options = put_options_;
    options.condition = needs_.replaced.condition;
    options.etag = needs_.replaced.etag;
    GODWIT_CO_CHECK(co_await multipart_.complete(context_, upload_, parts, options));
    // The object is there; a checkpoint that cannot be removed is found stale later.
    (void)co_await checkpoint_.remove();
    co_return true;
  }

  /// Finds the upload that an earlier run left, or begins a new one.
  Task<void> open() {
    std::optional<UploadState> left;
    if (needs_.begun != nullptr) {
      left = *needs_.begun;
    } else {
      left = co_await checkpoint_.load();
    }
    if (left && is_of_source(*left)) {
      const bool resumed = co_await resume(*left);
      if (resumed) co_return co_await checkpoint_.begin(state_);
    }
    GODWIT_CO_TRY(upload_, co_await multipart_.create(context_, target_key_, put_options_));
    state_ = {.source_etag = source_.etag,
              .size = source_.size,
              .part_size = plan_.layout.part_size,
              .metadata = fingerprint(put_options_.metadata),
              .upload_id = upload_.id,
              .part_md5s = {}};
    co_return co_await checkpoint_.begin(state_);
  }

  [[nodiscard]] bool is_of_source(const UploadState& left) const {
    return left.source_etag == source_.etag && left.size == source_.size &&
           left.metadata == fingerprint(put_options_.metadata) &&
           left.part_size == plan_.layout.part_size;
  }

  asio::awaitable<bool> resume(const UploadState& left) {
    context_.world().mark("a copy goes on from what an upload holds");
    upload_ = {.key = target_key_, .id = left.upload_id, .started = {}};
    Result<std::vector<PartInfo>> arrived = co_await multipart_.parts(context_, upload_);
    if (!arrived) co_return false;
    state_ = left;
    Bytes bytes = 0;
    for (PartInfo& part : *arrived) {
      if (part.number == 0 || part.number > plan_.layout.count()) continue;
      if (part.size != plan_.layout.part(part.number)) continue;
      if (plan_.hash_parts && !was_proven(part)) continue;
      bytes += part.size;
      parts_[part.number] = std::move(part);
    }
    const Event event{.kind = EventKind::resumed,
                      .key = source_.key,
                      .bytes = bytes,
                      .error = nullptr,
                      .message = {}};
    needs_.resources.observer.on_event(event);
    co_return true;
  }

  [[nodiscard]] bool was_proven(const PartInfo& part) const {
    if (needs_.begun != nullptr) return true;
    const auto md5 = state_.part_md5s.find(part.number);
    if (md5 == state_.part_md5s.end()) return false;
    return !target_tells_md5() || md5->second == part.etag;
  }

  Task<void> send_missing() {
    next_ = 1;
    co_await stream();
    co_await streams_.join();
    if (error_) co_return fail(*std::move(error_));
    co_return Result<void>();
  }

  [[nodiscard]] std::optional<std::uint32_t> take_part() {
    while (next_ <= plan_.layout.count() && parts_.contains(next_)) ++next_;
    if (next_ > plan_.layout.count()) return std::nullopt;
    return next_++;
  }

  asio::awaitable<void> stream() {
    while (!error_) {
      const std::optional<std::uint32_t> number = take_part();
      if (!number) break;
      Result<PartInfo> part = co_await send_with_retries(*number);
      if (!part) {
        if (!error_) error_ = std::move(part).error();
      } else {
        parts_[*number] = *std::move(part);
      }
    }
  }

  asio::awaitable<void> extra_stream() {
    const Bytes before = moved_;
    co_await stream();
    needs_.resources.slots.release(error_ ? Ended::badly : Ended::well, moved_ - before);
  }

  /// Far away, one stream does not fill the link: more of them, as slots are free.
  void widen(Duration first_byte_after) {
    if (std::exchange(widened_, true) || first_byte_after < kNearby) return;
    for (std::size_t i = 1; i < needs_.options.part_streams; ++i) {
      if (!needs_.resources.slots.try_acquire()) break;
      streams_.spawn(extra_stream());
    }
  }

  Task<PartInfo> send_with_retries(std::uint32_t number) {
    auto send = [this, number] { return send_once(number); };
    co_return co_await send_with_tries(context_, send, needs_.resources.progress.retries);
  }

  Task<PartInfo> send_once(std::uint32_t number) {
    if (in_service_) co_return co_await copy_part(number);
    co_return co_await send(number);
  }

  Task<PartInfo> copy_part(std::uint32_t number) {
    CopySource from;
    from.store = &needs_.stores.source;
    from.key = source_.key;
    from.if_match = source_.etag;
    from.range = ByteRange{plan_.layout.offset(number), plan_.layout.part(number)};
    const PartPlace place{number, plan_.layout.offset(number)};
    co_return co_await multipart_.copy_part(context_, upload_, place, from);
  }

  Task<PartInfo> send(std::uint32_t number) {
    const Bytes size = plan_.layout.part(number);
    GetOptions get;
    if (plan_.layout.count() > 1) get.range = ByteRange{plan_.layout.offset(number), size};
    get.if_match = source_.etag;
    const MonoTime asked = needs_.resources.world.mono_now();
    GODWIT_CO_TRY(GetResult got, co_await needs_.stores.source.get(context_, source_.key, get));
    if (got.info.etag != source_.etag) {
      co_return fail(Code::precondition_failed, "the source was replaced during the copy");
    }
    widen(needs_.resources.world.mono_now() - asked);
    Bytes sent = 0;
    MeteredBody metered(*got.body, context_, needs_.bandwidth, sent);
    HashingBody hashing(metered, std::nullopt, {});
    const Upload part{plan_.hash_parts ? static_cast<Body*>(&hashing) : &metered, size};
    const PartPlace place{number, plan_.layout.offset(number)};
    Result<PartInfo> put = co_await multipart_.put_part(context_, upload_, place, part);
    moved_ += sent;
    needs_.resources.progress.bytes += sent;
    if (!put || !plan_.hash_parts) co_return put;
    GODWIT_CO_CHECK(co_await prove_part(*put, hashing.etag()));
    co_return put;
  }

  Task<void> prove_part(const PartInfo& part, const std::string& md5) {
    if (target_tells_md5() && part.etag != md5) {
      co_return fail(Error(Code::corrupted, "part " + std::to_string(part.number) +
                                                " arrived with the checksum " + part.etag +
                                                ", sent was " + md5)
                         .with(Retry::later));
    }
    state_.part_md5s[part.number] = md5;
    co_return co_await checkpoint_.add_part(part.number, md5);
  }

  /// Whether somebody else freed the upload meanwhile, as `godwit gc` and the rules of a bucket do
  /// to old ones. Asked, not guessed: not_found may also speak of the source. The next try finds no
  /// upload to go on with, and begins a new one.
  asio::awaitable<bool> was_freed(const Error& error) {
    if (error.code() != Code::not_found || upload_.id.empty()) co_return false;
    const Result<std::vector<PartInfo>> arrived = co_await multipart_.parts(context_, upload_);
    const bool freed = !arrived && arrived.error().code() == Code::not_found;
    if (freed) context_.world().mark("an upload was freed by somebody else");
    co_return freed;
  }

  asio::awaitable<void> give_up() {
    if (upload_.id.empty()) co_return;
    // Best effort, also after a cancellation; `godwit gc` finds what stays behind.
    const Context last = Context(context_.world()).with_timeout(5s);
    (void)co_await multipart_.abort(last, upload_);
    (void)co_await checkpoint_.remove();
  }

  [[nodiscard]] bool target_tells_md5() const {
    return needs_.stores.target.capabilities().put_tells_md5;
  }

  const Context& context_;
  const PartsCopyNeeds& needs_;
  const ObjectInfo& source_;
  const std::string& target_key_;
  Plan plan_;
  Multipart& multipart_;
  bool in_service_;
  Checkpoint checkpoint_;
  PutOptions put_options_;
  UploadId upload_;
  UploadState state_;
  std::map<std::uint32_t, PartInfo> parts_;  // arrived
  std::uint32_t next_ = 1;
  bool widened_ = false;
  Bytes moved_ = 0;
  std::optional<Error> error_;
  TaskGroup streams_;
};

/// The ways to cut `info`, the likeliest first; the last one needs no luck.
Result<std::vector<Plan>> plans_for(const PartsCopyNeeds& needs, const ObjectInfo& info) {
  const Capabilities& from = needs.stores.source.capabilities();
  const Capabilities& to = needs.stores.target.capabilities();
  std::vector<Plan> plans;
  const auto token = from.etag_is_md5 ? ContentEtag::parse(info.etag) : std::nullopt;
  if (needs.begun != nullptr) {
    const PartLayout layout{info.size, needs.begun->part_size};
    const bool comparable = token && token->parts == layout.count() && to.put_tells_md5;
    plans.push_back({.layout = layout, .must_match_source = comparable});
  }
  if (token && token->parts > 0) {
    const std::vector<Bytes> sizes = info.part_size ? std::vector<Bytes>{*info.part_size}
                                                    : guess_part_sizes(info.size, token->parts);
    for (const Bytes part_size : sizes) {
      const PartLayout layout{info.size, part_size};
      if (fits(layout, to)) plans.push_back({layout, !to.put_tells_md5, true});
    }
    // Where nothing was guessed, parts that do not match are damaged ones.
    if (info.part_size && !plans.empty()) return plans;
  }
  const std::optional<PartLayout> own = choose_layout(info.size, needs.options.part_size, to);
  if (!own && plans.empty()) {
    return fail(Code::invalid_argument,
                "an object of " + format_bytes(info.size) + " is larger than the target takes");
  }
  if (own) plans.push_back({*own, to.put_tells_md5, false});
  return plans;
}

}  // namespace

Task<Bytes> copy_in_parts(const Context& context, const PartsCopyNeeds& needs,
                          const std::string& source_key, const std::string& target_key) {
  GODWIT_CO_TRY(const ObjectInfo info, co_await needs.stores.source.head(context, source_key));
  GODWIT_CO_TRY(const std::vector<Plan> plans, plans_for(needs, info));
  Bytes moved = 0;
  for (const Plan& plan : plans) {
    PartsCopy copy(context, needs, info, target_key, plan);
    const Result<bool> done = co_await copy.run();
    moved += copy.moved();
    if (!done) co_return fail(Error(done.error()));
    if (*done) co_return moved;
  }
  co_return fail(Error(Code::corrupted,
                       "the parts that arrived do not compose to the source's "
                       "ETag " +
                           info.etag)
                     .with(Retry::later));
}

}  // namespace godwit::transfer
