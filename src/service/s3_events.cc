#include "service/s3_events.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/utf8.h"

namespace godwit::service {
namespace {

using Json = nlohmann::json;

std::unexpected<Error> strange(const std::string& what) {
  return fail(
      Error(Code::invalid_argument, "no notification of S3: " + what)
          .with_hint("the formats of AWS (direct or by SNS), MinIO and Ceph RGW are known"));
}

/// The text of a member; nothing where there is none.
std::optional<std::string> text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<int> digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// As forms encode: "+" is a space. Nothing where an escape is broken.
std::optional<std::string> form_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = digit(text[i + 1]);
    const auto low = digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

/// AWS and MinIO encode keys. Ceph does by its release: both spellings are looked at, since a look
/// does no harm.
Result<std::vector<std::string>> spellings(const std::string& key, bool may_be_plain) {
  std::vector<std::string> keys;
  const auto decoded = form_decoded(key);
  if (decoded) keys.push_back(*decoded);
  if (may_be_plain && decoded != key) keys.push_back(key);
  std::erase_if(keys, [](const std::string& each) { return each.empty() || !is_utf8(each); });
  if (keys.empty()) return strange("the key '" + key + "' cannot be decoded");
  return keys;
}

bool is_change(std::string_view name) {
  if (name.starts_with("s3:")) name.remove_prefix(3);
  constexpr std::array kChanges = {
      "ObjectCreated:",       "ObjectRemoved:",          "ObjectLifecycle:",
      "LifecycleExpiration:", "ObjectRestore:Completed", "ObjectSynced:"};
  return std::ranges::any_of(kChanges, [&](const char* each) { return name.starts_with(each); });
}

Result<S3Event> read_record(const Json& record) {
  if (!record.is_object()) return strange("a record is no object");
  S3Event event;
  const auto name = text_of(record, "eventName");
  if (!name) return strange("a record has no 'eventName'");
  event.name = *name;
  event.changes = is_change(*name);
  const auto s3 = record.find("s3");
  if (s3 == record.end() || !s3->is_object()) return strange("a record has no 's3'");
  const auto bucket = s3->find("bucket");
  const auto object = s3->find("object");
  if (bucket != s3->end() && bucket->is_object()) {
    event.bucket = text_of(*bucket, "name").value_or("");
  }
  if (event.bucket.empty()) return strange("a record has no 's3.bucket.name'");
  std::string key;
  if (object != s3->end() && object->is_object()) key = text_of(*object, "key").value_or("");
  if (key.empty()) return strange("a record has no 's3.object.key'");
  const bool ceph = text_of(record, "eventSource").value_or("").starts_with("ceph:");
  GODWIT_TRY(event.keys, spellings(key, ceph));
  return event;
}

Result<S3Notification> read_records(const Json& records) {
  if (!records.is_array()) return strange("'Records' is no list");
  if (records.size() > kMostS3Events) return strange("it has too many records");
  S3Notification notification;
  for (const Json& record : records) {
    GODWIT_TRY(notification.events.emplace_back(), read_record(record));
  }
  return notification;
}

Result<Json> read_json(std::string_view text) {
  // Deeper than any of them; a parser that recurses must not be led further.
  constexpr int kDeepest = 32;
  bool deep = false;
  const auto shallow = [&deep](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > kDeepest;
    return !deep;
  };
  Json json = Json::parse(text, shallow, false);
  if (deep || !json.is_object()) return strange("it is no JSON object");
  return json;
}

/// MinIO says the same once more above its records, with a key that is not encoded.
Result<S3Notification> read_message(const Json& json) {
  if (const auto records = json.find("Records"); records != json.end()) {
    return read_records(*records);
  }
  if (text_of(json, "Event") == "s3:TestEvent") {
    return S3Notification{.kind = S3Message::test, .events = {}, .link = {}, .topic = {}};
  }
  const auto name = text_of(json, "EventName");
  const auto path = text_of(json, "Key");
  if (!name || !path) return strange("it has no 'Records'");
  const std::size_t slash = path->find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == path->size()) {
    return strange("'Key' is not BUCKET/KEY");
  }
  S3Notification notification;
  notification.events.push_back({.name = *name,
                                 .changes = is_change(*name),
                                 .bucket = path->substr(0, slash),
                                 .keys = {path->substr(slash + 1)}});
  return notification;
}

}  // namespace

Result<S3Notification> parse_s3_notification(std::string_view text) {
  GODWIT_TRY(const Json json, read_json(text));
  const auto type = text_of(json, "Type");
  if (!type) return read_message(json);
  const std::string topic = text_of(json, "TopicArn").value_or("");
  if (*type == "SubscriptionConfirmation" || *type == "UnsubscribeConfirmation") {
    return S3Notification{.kind = S3Message::subscription,
                          .events = {},
                          .link = text_of(json, "SubscribeURL").value_or(""),
                          .topic = topic};
  }
  if (*type != "Notification") return strange("'" + *type + "' is no type of SNS");
  const auto message = text_of(json, "Message");
  if (!message) return strange("it has no 'Message'");
  GODWIT_TRY(const Json inner, read_json(*message));
  GODWIT_TRY(S3Notification notification, read_message(inner));
  notification.topic = topic;
  return notification;
}

}  // namespace godwit::service
