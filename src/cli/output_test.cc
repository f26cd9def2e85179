// What people and programs are told of a run.
#include "cli/output.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace godwit::cli {
namespace {

using namespace std::chrono_literals;
using transfer::Event;
using transfer::EventKind;

/// An Output, and what it has printed.
struct Screen {
  explicit Screen(Format format, Detail detail = Detail::normal)
      : output(out, err, format, detail) {}

  /// The one line of `out`.
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out.str()); }

  std::ostringstream out;
  std::ostringstream err;
  Output output;
};

const StoreMetrics kNoCalls;
const Traffic kTraffic{7, kNoCalls};

Error broken() {
  return Error(Code::unavailable, "the line is cut")
      .at({.region = "r", .store = "s3://b", .operation = "list", .key = "k"});
}

TEST(Output, tells_failures_in_every_detail_and_small_things_only_when_asked) {
  const Error error = broken();
  const Event failed{.kind = EventKind::failed, .key = "a\nb", .error = &error, .message = {}};
  const Event copied{.kind = EventKind::copied, .key = "c", .message = {}};
  const Event resumed{.kind = EventKind::resumed, .key = "d", .bytes = kMiB, .message = "why"};
  for (const Detail detail : {Detail::quiet, Detail::normal, Detail::verbose}) {
    Screen screen(Format::text, detail);
    int lines = 0;
    screen.output.before_line = [&lines] { ++lines; };
    for (const Event& event : {failed, copied, resumed}) screen.output.on_event(event);
    EXPECT_TRUE(screen.err.str().starts_with("failed a\\nb: ")) << screen.err.str();
    EXPECT_NE(screen.err.str().find("the line is cut"), std::string::npos);
    const std::string known = "resumed d (1 MiB are there): why\n";
    const std::string wanted = detail == Detail::quiet    ? ""
                               : detail == Detail::normal ? known
                                                          : "copied c\n" + known;
    EXPECT_EQ(screen.out.str(), wanted);
    EXPECT_EQ(lines, 1 + std::ranges::count(wanted, '\n')) << "a progress bar steps aside";
  }
}

TEST(Output, an_event_is_one_object_of_json_whatever_is_in_its_key) {
  const Error error = broken();
  const std::string key = "a\n\"\xff";
  Screen screen(Format::json);
  screen.output.on_event(
      {.kind = EventKind::failed, .key = key, .bytes = 5, .error = &error, .message = "m"});
  EXPECT_EQ(screen.json()["event"], "failed");
  EXPECT_EQ(screen.json()["key"], "a\n\"\xef\xbf\xbd");
  EXPECT_EQ(screen.json()["bytes"], 5);
  EXPECT_EQ(screen.json()["message"], "m");
  EXPECT_EQ(screen.json()["error"]["code"], "unavailable");
  EXPECT_EQ(screen.json()["error"]["store"], "s3://b");
  EXPECT_EQ(std::ranges::count(screen.out.str(), '\n'), 1);
}

TEST(Output, an_error_goes_to_people_and_to_programs) {
  Screen screen(Format::json);
  screen.output.error(broken());
  EXPECT_EQ(screen.json()["event"], "error");
  EXPECT_EQ(screen.json()["key"], "k");
  EXPECT_EQ(screen.json()["error"]["operation"], "list");
  EXPECT_TRUE(screen.err.str().starts_with("godwit: ")) << screen.err.str();
}

TEST(Output, the_summary_of_a_sync_tells_what_did_not_happen) {
  transfer::SyncSummary summary;
  summary.progress.total = 3;
  summary.progress.replicated = 2;
  summary.progress.bytes = 2 * kMiB;
  summary.progress.deleted = 1;
  summary.progress.delete_failed = 4;
  summary.elapsed = 2s;
  summary.listing_error = broken();
  summary.delete_refused = Error(Code::precondition_failed, "the source is empty");
  summary.interrupted = Error(Code::cancelled, "cancelled");
  Screen text(Format::text);
  text.output.summary(summary, kTraffic);
  EXPECT_EQ(text.out.str(),
            "3 objects: 2 replicated, 0 skipped, 0 failed, 1 deleted, 4 deletes failed; 2 MiB in "
            "2.0s (1 MiB/s), 7 requests; interrupted: run it again to go on\n");
  EXPECT_EQ(std::ranges::count(text.err.str(), '\n'), 3) << text.err.str();
  Screen json(Format::json);
  json.output.summary(summary, kTraffic);
  EXPECT_EQ(json.json()["delete_failed"], 4);
  EXPECT_EQ(json.json()["requests"], 7);
  EXPECT_EQ(json.json()["listing_error"]["code"], "unavailable");
  EXPECT_EQ(json.json()["delete_refused"]["code"], "precondition_failed");
  EXPECT_EQ(json.json()["interrupted"]["code"], "cancelled");
  EXPECT_EQ(json.err.str(), "");
}

TEST(Output, the_summary_of_a_verify_says_when_more_could_be_proven) {
  transfer::VerifySummary found;
  found.total = 2;
  found.same = 1;
  found.unproven = 1;
  found.interrupted = Error(Code::timed_out, "late");
  Screen text(Format::text);
  text.output.summary(found, kTraffic);
  EXPECT_NE(text.out.str().find("2 objects: 1 same, 0 missing, "), std::string::npos);
  EXPECT_NE(text.out.str().find("say --level checksum"), std::string::npos);
  EXPECT_NE(text.err.str().find("late"), std::string::npos);
  Screen json(Format::json);
  json.output.summary(found, kTraffic);
  EXPECT_EQ(json.json()["unproven"], 1);
  EXPECT_EQ(json.json()["interrupted"]["code"], "timed_out");
}

TEST(Output, the_summary_of_a_repair_tells_what_was_found_and_that_it_was_interrupted) {
  transfer::RepairSummary summary;
  summary.found.missing = 2;
  summary.found.interrupted = Error(Code::cancelled, "cancelled");
  summary.progress.replicated = 1;
  summary.delete_refused = Error(Code::limit_exceeded, "too many");
  Screen text(Format::text);
  text.output.summary(summary, kTraffic);
  EXPECT_TRUE(text.out.str().ends_with("1 mended, 0 deleted, 0 failed\n")) << text.out.str();
  EXPECT_NE(text.err.str().find("too many"), std::string::npos);
  Screen json(Format::json);
  json.output.summary(summary, kTraffic);
  EXPECT_EQ(json.json()["found"]["missing"], 2);
  EXPECT_EQ(json.json()["replicated"], 1);
  EXPECT_EQ(json.json()["delete_refused"]["code"], "limit_exceeded");
  EXPECT_EQ(json.json()["interrupted"]["code"], "cancelled");
}

TEST(Output, a_dry_gc_says_would) {
  const transfer::GcSummary summary{.found = 3, .removed = 2, .failed = 0};
  Screen dry(Format::text);
  dry.output.summary(summary, transfer::Run::dry);
  EXPECT_EQ(dry.out.str(), "3 unfinished uploads, 2 would be removed, 0 failed\n");
  Screen real(Format::text);
  real.output.summary(summary, transfer::Run::real);
  EXPECT_EQ(real.out.str(), "3 unfinished uploads, 2 removed, 0 failed\n");
  Screen json(Format::json);
  json.output.summary(summary, transfer::Run::real);
  EXPECT_EQ(json.json()["removed"], 2);
}

TEST(Output, an_entry_is_a_key_a_row_or_an_object) {
  ListEntry entry;
  entry.key = "a";
  entry.size = 5;
  entry.etag = "e";
  ListEntry folder;
  folder.key = "d/";
  folder.is_prefix = true;
  Screen keys(Format::text);
  Screen rows(Format::text);
  Screen json(Format::json);
  for (const ListEntry& one : {entry, folder}) {
    keys.output.entry(one, Detail::normal);
    rows.output.entry(one, Detail::verbose);
  }
  json.output.entry(entry, Detail::normal);
  EXPECT_EQ(keys.out.str(), "a\nd/\n");
  EXPECT_EQ(rows.out.str(),
            "             5  1970-01-01 00:00:00  a\n"
            "             -                       d/\n");
  EXPECT_EQ(json.json()["etag"], "e");
  EXPECT_EQ(json.json()["modified"], "1970-01-01 00:00:00");
}

TEST(Output, an_object_is_told_with_all_that_it_has_and_nothing_that_it_has_not) {
  ObjectInfo info;
  info.key = "k";
  info.size = 5;
  info.parts = 2;
  info.metadata.content_type = "text/plain";
  info.metadata.tags = {{"t", "1"}};
  Screen json(Format::json);
  json.output.info(info);
  EXPECT_EQ(json.json()["content_type"], "text/plain");
  EXPECT_EQ(json.json()["parts"], 2);
  EXPECT_EQ(json.json()["tags"]["t"], "1");
  EXPECT_FALSE(json.json().contains("user"));
  EXPECT_FALSE(json.json().contains("expires"));
  Screen text(Format::text);
  text.output.info(info);
  EXPECT_NE(text.out.str().find("size: 5\n"), std::string::npos) << text.out.str();
  EXPECT_NE(text.out.str().find("tags: {\"t\":\"1\"}\n"), std::string::npos) << text.out.str();
}

}  // namespace
}  // namespace godwit::cli
