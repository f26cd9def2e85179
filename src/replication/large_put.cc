#include "replication/large_put.h"

#include <algorithm>
#include <utility>

#include "replication/versioned.h"
#include "transfer/copy.h"
#include "transfer/part_layout.h"

namespace godwit::replication {
namespace {

/// Parts that all large puts together may have on their way.
constexpr std::size_t kMostParts = 32;
/// For one try of a part at the primary.
constexpr Duration kPatience = std::chrono::minutes(2);
/// A part is held as a whole, so that it can be sent again.
constexpr Bytes kLargestPart = 64 * kMiB;
/// How many parts later than the primary a target may be before it is left behind, where nobody
/// waits for it.
constexpr std::size_t kMostBehind = 4;

}  // namespace

LargePut::LargePut(Engine& engine, const Context& context, std::string key, Metadata metadata,
                   Mode mode)
    : engine_(engine),
      context_(context),
      key_(std::move(key)),
      mode_(mode),
      version_(engine.next_version()),
      options_{.metadata = with_version(std::move(metadata), version_)},
      place_(engine.open_puts, key_, version_),
      primary_(context, *engine.primary, key_, options_, kPatience),
      tasks_(engine.world.executor()) {}

LargePut::~LargePut() = default;

Task<void> LargePut::receive(const Incoming& incoming, std::string begun) {
  GODWIT_CO_TRY(const Bytes part_size, this->part_size(incoming.size));
  begin_drafts(part_size, incoming.size);
  begun_ = true;
  tasks_.spawn(primary_.run());
  for (std::uint32_t number = 1;; ++number) {
    GODWIT_CO_TRY(std::string bytes,
                  co_await read_up_to(*incoming.body, std::move(begun), part_size));
    begun.clear();
    const bool last = bytes.size() < part_size;
    if (bytes.empty() && number > 1) break;
    if (number > engine_.primary->capabilities().max_parts) {
      co_return fail(Error(Code::limit_exceeded, "the body has more parts than the primary takes")
                         .with_hint("say its size with the put: then its parts are larger"));
    }
    const PartPlace place{.number = number, .offset = size_};
    size_ += bytes.size();
    if (incoming.size && size_ > *incoming.size) break;
    transfer::BodyPart part{.place = place,
                            .bytes = std::make_shared<const std::string>(std::move(bytes))};
    GODWIT_CO_CHECK(co_await give(std::move(part)));
    if (last) break;
  }
  if (incoming.size && size_ != *incoming.size) {
    co_return fail(Code::invalid_argument, "the body has other than the " +
                                               std::to_string(*incoming.size) +
                                               " bytes that were announced");
  }
  primary_.seal();
  for (const Teed& teed : teed_) teed.draft->upload.seal();
  GODWIT_CO_CHECK(co_await primary_.until_sent(context_));
  co_await tasks_.join();
  co_return Result<void>();
}

/// Known sizes fit the primary's number of parts. Of an unknown one nothing is known but that most
/// are small.
Result<Bytes> LargePut::part_size(std::optional<Bytes> size) const {
  const Capabilities& primary = engine_.primary->capabilities();
  const Bytes wanted = engine_.config.part_size;
  if (!size) return std::clamp(2 * wanted, primary.min_part_size, primary.max_part_size);
  const auto layout = transfer::choose_layout(*size, wanted, primary);
  if (layout && layout->part_size <= std::max(wanted, kLargestPart)) return layout->part_size;
  return fail(Error(Code::limit_exceeded,
                    "a body of " + format_bytes(*size) + " is larger than one put takes")
                  .with_hint("copy it to the primary with `godwit copy`, and ask for its "
                             "replication"));
}

/// To the targets that would take a delivery now.
void LargePut::begin_drafts(Bytes part_size, std::optional<Bytes> size) {
  for (const auto& [name, target] : engine_.targets) {
    if (!target->takes_deliveries() || engine_.deposed.contains(name)) continue;
    if (target->store->multipart() == nullptr) continue;
    // Nothing need pass through us where the service copies by itself.
    if (transfer::same_service({*engine_.primary, *target->store})) continue;
    const transfer::PartLayout layout{.size = size.value_or(2 * part_size), .part_size = part_size};
    if (!transfer::fits(layout, target->store->capabilities())) continue;
    const Drafts::Name of{.target = name, .key = key_, .version = version_};
    auto draft = engine_.drafts.begin(of, *target->store, options_, target->config.sync_timeout);
    if (!draft) continue;
    draft->part_size = part_size;
    teed_.push_back(
        {.name = of, .draft = std::move(draft), .patience = target->config.sync_timeout});
  }
}

/// The pace is the primary's, and under `sync` also that of the targets that still move.
Task<void> LargePut::give(transfer::BodyPart part) {
  co_await tee(part);
  primary_.add(std::move(part));
  co_return co_await primary_.until_behind(context_, most_behind());
}

asio::awaitable<void> LargePut::tee(const transfer::BodyPart& part) {
  for (Teed& teed : teed_) {
    Drafts::Draft& draft = *teed.draft;
    if (!draft.whole) continue;
    const std::size_t most = std::min(kMostBehind, most_behind());
    if (mode_ == Mode::sync) {
      (void)co_await draft.upload.until_behind(context_.with_timeout(teed.patience), most);
    }
    draft.whole = draft.upload.behind() <= most;
    if (draft.whole) {
      draft.upload.add(part);
    } else {
      engine_.world.mark("a target is left behind during a large put");
      draft.upload.seal();
    }
  }
}

std::size_t LargePut::most_behind() const {
  const std::size_t share = kMostParts / std::max<std::size_t>(1, engine_.open_puts.count());
  return std::clamp<std::size_t>(share, 1, transfer::PartUpload::kStreams);
}

Task<PutResult> LargePut::complete(const Context& context) {
  co_return co_await primary_.complete(context);
}

asio::awaitable<void> LargePut::abandon(Outcome outcome) {
  for (const Teed& teed : teed_) engine_.drafts.drop(teed.name);
  if (!begun_ || outcome == Outcome::unknown) co_return;
  co_await primary_.abandon();
  co_await tasks_.join();
}

}  // namespace godwit::replication
