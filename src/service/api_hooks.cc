#include <utility>

#include "service/api.h"
#include "service/request.h"
#include "service/s3_events.h"
#include "service/service.h"

namespace godwit::service {
namespace {

/// The largest message of a sender: 256 KiB of SNS, with room.
constexpr Bytes kMostNotification = kMiB;

/// Of an event that is passed over.
Json passed_over(const S3Event& event, const std::string& why) {
  return {{"event", event.name}, {"key", event.keys.front()}, {"why", why}};
}

/// The key within the store, of one in its bucket; nothing where it is not in there.
std::optional<std::string> within(const StoreSpec& store, const std::string& key) {
  if (!key.starts_with(store.prefix) || key.size() == store.prefix.size()) return std::nullopt;
  return key.substr(store.prefix.size());
}

struct Sorted {
  std::vector<std::string> keys;  ///< of the primary
  Json ignored = Json::array();
};

/// What is said of one store that is in the event's bucket, with the event's key below its prefix.
struct Holder {
  std::string name;
  std::string key;
};

std::vector<Holder> holders_of(const DetectConfig& detect, const S3Event& event, bool& known) {
  std::vector<Holder> holders;
  for (const auto& [name, store] : detect.places) {
    if (store.scheme != "s3" || store.name != event.bucket) continue;
    known = true;
    for (const std::string& key : event.keys) {
      if (auto inner = within(store, key)) holders.push_back({name, *std::move(inner)});
    }
  }
  return holders;
}

Result<void> sort(const DetectConfig& detect, const std::string& primary, const S3Event& event,
                  Sorted& sorted) {
  bool known = false;
  const auto holders = holders_of(detect, event, known);
  if (!known) {
    return fail(Error(Code::invalid_argument,
                      "no store of this group is in the bucket '" + event.bucket + "'")
                    .with_hint("send its events to the group that it belongs to"));
  }
  if (!event.changes) {
    sorted.ignored.push_back(passed_over(event, "it changes no object"));
    return {};
  }
  std::string why = "it is not below the prefix of a store";
  bool taken = false;
  for (const Holder& holder : holders) {
    if (holder.key.starts_with(".godwit/")) {
      why = "it is an object of godwit's own";
    } else if (holder.name != primary) {
      why = "'" + holder.name + "' is a target: what others write there is left alone";
    } else {
      sorted.keys.push_back(holder.key);
      taken = true;
    }
  }
  if (!taken) sorted.ignored.push_back(passed_over(event, why));
  return {};
}

/// A person must follow the link: we call nobody.
Reply subscription(Call& call, const S3Notification& notification) {
  const std::array fields{LogField{"topic", notification.topic},
                          LogField{"link", notification.link}};
  call.service.log().line(LogLevel::warning,
                          "SNS asks to confirm a subscription: open the link, if it is yours",
                          call.path["group"], fields);
  Reply reply;
  reply.body = {{"queued", 0},
                {"subscription",
                 {{"topic", notification.topic},
                  {"confirm", notification.link},
                  {"what_to_do", "open the link: godwit calls no addresses that it is sent"}}}};
  return reply;
}

Task<Reply> s3_hook(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  if (!group->changes || !group->detect.webhook) {
    co_return fail(Error(Code::precondition_failed, "this group takes no webhooks")
                       .with_hint("add detect_changes = \"webhook\" to it"));
  }
  GODWIT_CO_TRY(const std::string body, co_await call.exchange.read_body(kMostNotification));
  GODWIT_CO_TRY(const S3Notification notification, parse_s3_notification(body));
  if (notification.kind == S3Message::subscription) co_return subscription(call, notification);
  auto ask = [store = group->store.get()] { return store->status(); };
  const auto status = co_await call.service.calls().quick(std::move(ask));
  if (!status) co_return std::unexpected(status.error());
  Sorted sorted;
  // All or none: whoever is refused sends all of it again.
  for (const S3Event& event : notification.events) {
    GODWIT_CO_CHECK(sort(group->detect, status->primary, event, sorted));
  }
  GODWIT_CO_CHECK(group->changes->offer(sorted.keys));
  Reply reply;
  reply.body = {{"queued", sorted.keys.size()}, {"ignored", std::move(sorted.ignored)}};
  co_return reply;
}

}  // namespace

std::vector<Route> hook_routes() {
  return {{.method = "POST",
           .path = "/api/v1/groups/{group}/hooks/s3",
           .access = Access::hook,
           .work = s3_hook,
           .summary = "What an S3 service (AWS, SNS, MinIO, Ceph RGW) tells of the group's bucket",
           .query = {{.name = "secret",
                      .help = "the group's hook_secret, for senders that can "
                              "send no header"}},
           .input = Input::bytes}};
}

}  // namespace godwit::service
