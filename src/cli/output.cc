#include "cli/output.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace godwit::cli {
namespace {

using transfer::EventKind;
using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json to_json(const Error& error) {
  return {{"code", to_string(error.code())}, {"outcome", to_string(error.outcome())},
          {"store", error.where().store},    {"operation", error.where().operation},
          {"message", error.message()},      {"hint", error.hint()}};
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void add_error(Json& json, const char* name, const std::optional<Error>& error) {
  if (error) json[name] = to_json(*error);
}

void add_traffic(Json& json, const Traffic& traffic) {
  json["requests"] = traffic.requests;
  Json& calls = json["calls"] = Json::object();
  for (std::size_t i = 0; i < kOperations; ++i) {
    const auto operation = static_cast<Operation>(i);
    const std::uint64_t made = traffic.calls.of(operation).count();
    if (made > 0) calls[std::string(to_string(operation))] = made;
  }
}

Json to_json(const transfer::Progress& progress) {
  return {{"total", progress.total},     {"replicated", progress.replicated},
          {"skipped", progress.skipped}, {"failed", progress.failed},
          {"deleted", progress.deleted}, {"delete_failed", progress.delete_failed},
          {"bytes", progress.bytes},     {"retries", progress.retries}};
}

Json to_json(const transfer::VerifySummary& found) {
  return {{"total", found.total},           {"same", found.same},
          {"unproven", found.unproven},     {"missing", found.missing},
          {"extra", found.extra},           {"different", found.different},
          {"doubtful", found.doubtful},     {"metadata_only", found.metadata_only},
          {"unreadable", found.unreadable}, {"bytes_read", found.bytes_read}};
}

std::string count(std::uint64_t number, const char* what) {
  return std::to_string(number) + " " + what;
}

std::string rate(Bytes bytes, Duration elapsed) {
  const double time = std::max(seconds(elapsed), 1e-6);
  return format_bytes(static_cast<Bytes>(static_cast<double>(bytes) / time)) + "/s";
}

bool always_told(EventKind kind) {
  switch (kind) {
    case EventKind::copied:
    case EventKind::deleted:
    case EventKind::retried: return false;
    default: return true;
  }
}

}  // namespace

std::string printable(std::string_view key) {
  // The JSON writer knows how to escape; its quotes are not wanted.
  const std::string quoted = dump(Json(std::string(key)));
  const bool plain = quoted.size() == key.size() + 2;
  return plain ? std::string(key) : quoted.substr(1, quoted.size() - 2);
}

std::string format_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

void Output::say(const std::string& text) {
  before_line();
  out_ << text << '\n';
}

void Output::complain(const std::string& text) {
  before_line();
  err_ << text << '\n' << std::flush;
}

void Output::on_event(const transfer::Event& event) {
  if (format_ == Format::json) {
    Json json = {{"event", to_string(event.kind)}, {"key", std::string(event.key)}};
    if (event.bytes > 0) json["bytes"] = event.bytes;
    if (!event.message.empty()) json["message"] = std::string(event.message);
    if (event.error != nullptr) json["error"] = to_json(*event.error);
    say(dump(json));
    return;
  }
  const std::string kind(to_string(event.kind));
  if (event.kind == EventKind::failed || event.kind == EventKind::unreadable) {
    std::string why = event.error == nullptr ? std::string() : ": " + event.error->to_string();
    complain(kind + " " + printable(event.key) + why);
    return;
  }
  if (detail_ == Detail::quiet) return;
  if (!always_told(event.kind) && detail_ != Detail::verbose) return;
  std::string text = kind + " " + printable(event.key);
  if (event.kind == EventKind::resumed) text += " (" + format_bytes(event.bytes) + " are there)";
  if (!event.message.empty()) text += ": " + std::string(event.message);
  say(text);
}

void Output::error(const Error& error) {
  if (format_ == Format::json) {
    Json json = {{"event", "error"}, {"key", error.where().key}};
    json["error"] = to_json(error);
    say(dump(json));
  }
  complain("godwit: " + error.to_string());
}

void Output::summary(const transfer::SyncSummary& summary, const Traffic& traffic) {
  progress_ = nullptr;
  const transfer::Progress& p = summary.progress;
  for (const auto* problem :
       {&summary.listing_error, &summary.delete_refused, &summary.interrupted}) {
    if (*problem && format_ == Format::text) complain("godwit: " + (*problem)->to_string());
  }
  if (format_ == Format::json) {
    Json json = {{"event", "summary"}};
    json.update(to_json(p));
    add_traffic(json, traffic);
    json["seconds"] = seconds(summary.elapsed);
    add_error(json, "listing_error", summary.listing_error);
    add_error(json, "delete_refused", summary.delete_refused);
    add_error(json, "interrupted", summary.interrupted);
    say(dump(json));
  } else if (detail_ != Detail::quiet) {
    std::string text = count(p.total, "objects: ") + count(p.replicated, "replicated, ") +
                       count(p.skipped, "skipped, ") + count(p.failed, "failed");
    if (p.deleted + p.delete_failed > 0) text += ", " + count(p.deleted, "deleted");
    if (p.delete_failed > 0) text += ", " + count(p.delete_failed, "deletes failed");
    text += "; " + format_bytes(p.bytes) + " in " + format_duration(summary.elapsed) + " (" +
            rate(p.bytes, summary.elapsed) + "), " + count(traffic.requests, "requests");
    if (summary.interrupted) text += "; interrupted: run it again to go on";
    say(text);
  }
}

void Output::summary(const transfer::VerifySummary& found, const Traffic& traffic) {
  progress_ = nullptr;
  for (const auto* problem : {&found.listing_error, &found.interrupted}) {
    if (*problem && format_ == Format::text) complain("godwit: " + (*problem)->to_string());
  }
  if (format_ == Format::json) {
    Json json = {{"event", "summary"}};
    json.update(to_json(found));
    add_traffic(json, traffic);
    json["seconds"] = seconds(found.elapsed);
    add_error(json, "listing_error", found.listing_error);
    add_error(json, "interrupted", found.interrupted);
    say(dump(json));
    return;
  }
  if (detail_ == Detail::quiet) return;
  say(count(found.total, "objects: ") + count(found.same, "same, ") +
      count(found.missing, "missing, ") + count(found.different, "different, ") +
      count(found.extra, "extra, ") + count(found.metadata_only, "metadata only, ") +
      count(found.unreadable, "unreadable; ") + format_bytes(found.bytes_read) + " read in " +
      format_duration(found.elapsed) + ", " + count(traffic.requests, "requests"));
  if (found.doubtful > 0) {
    say(count(found.doubtful,
              "doubtful: the power was lost before they were synced; sync copies them again"));
  }
  if (found.unproven > 0) {
    say(count(found.unproven,
              "of them have equal sizes, and listings prove no more: "
              "say --level checksum"));
  }
}

void Output::summary(const transfer::RepairSummary& summary, const Traffic& traffic) {
  progress_ = nullptr;
  if (format_ == Format::json) {
    Json json = {{"event", "summary"}};
    json["found"] = to_json(summary.found);
    json.update(to_json(summary.progress));
    add_traffic(json, traffic);
    json["seconds"] = seconds(summary.found.elapsed);
    add_error(json, "listing_error", summary.found.listing_error);
    add_error(json, "delete_refused", summary.delete_refused);
    add_error(json, "interrupted", summary.found.interrupted);
    say(dump(json));
    return;
  }
  this->summary(summary.found, traffic);
  if (summary.delete_refused) complain("godwit: " + summary.delete_refused->to_string());
  say(count(summary.progress.replicated, "mended, ") +
      count(summary.progress.deleted, "deleted, ") + count(summary.progress.failed, "failed"));
}

void Output::summary(const transfer::GcSummary& summary, transfer::Run run) {
  if (format_ == Format::json) {
    const Json json = {{"event", "summary"},
                       {"found", summary.found},
                       {"removed", summary.removed},
                       {"failed", summary.failed}};
    say(dump(json));
    return;
  }
  say(count(summary.found, "unfinished uploads, ") + std::to_string(summary.removed) +
      (run == transfer::Run::dry ? " would be removed, " : " removed, ") +
      count(summary.failed, "failed"));
}

void Output::entry(const ListEntry& entry, Detail detail) {
  if (format_ == Format::json) {
    Json json = {{"key", entry.key}};
    if (entry.is_prefix) {
      json["prefix"] = true;
    } else {
      json["size"] = entry.size;
      json["etag"] = entry.etag;
      json["modified"] = format_time(entry.modified);
    }
    say(dump(json));
    return;
  }
  if (detail != Detail::verbose) {
    say(printable(entry.key));
    return;
  }
  std::array<char, 64> columns{};
  const std::string time = entry.is_prefix ? std::string() : format_time(entry.modified);
  const std::string size = entry.is_prefix ? "-" : std::to_string(entry.size);
  std::snprintf(columns.data(), columns.size(), "%14s  %19s  ", size.c_str(), time.c_str());
  say(columns.data() + printable(entry.key));
}

void Output::info(const ObjectInfo& info) {
  Json json = {{"key", info.key},
               {"size", info.size},
               {"etag", info.etag},
               {"modified", format_time(info.modified)}};
  const Metadata& m = info.metadata;
  const std::pair<const char*, const std::string*> fields[] = {
      {"content_type", &m.content_type},
      {"cache_control", &m.cache_control},
      {"content_disposition", &m.content_disposition},
      {"content_encoding", &m.content_encoding},
      {"content_language", &m.content_language},
      {"expires", &m.expires},
      {"storage_class", &m.storage_class}};
  for (const auto& [name, value] : fields) {
    if (!value->empty()) json[name] = *value;
  }
  if (info.parts) json["parts"] = *info.parts;
  if (info.part_size) json["part_size"] = *info.part_size;
  if (!m.user.empty()) json["user"] = m.user;
  if (!m.tags.empty()) json["tags"] = m.tags;
  if (format_ == Format::json) {
    say(dump(json));
    return;
  }
  for (const auto& [name, value] : json.items()) {
    say(name + ": " + (value.is_string() ? printable(value.get<std::string>()) : dump(value)));
  }
}

void Output::line(const std::string& text) { say(text); }

}  // namespace godwit::cli
