#include "cli/job_view.h"

#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace godwit::cli {
namespace {

ServiceJson store(const char* name, const char* role, const char* result) {
  return {{"store", name},     {"region", "r-1"},  {"role", role},    {"result", result},
          {"written_ms", 120}, {"verified", true}, {"removed_ms", 80}};
}

ServiceJson drill(const char* result, std::vector<ServiceJson> stores) {
  return {{"kind", "drill"},
          {"group", "backups"},
          {"state", "completed"},
          {"report",
           {{"result", result},
            {"key", "godwit-drill/x"},
            {"took_ms", 1500},
            {"cleaned", true},
            {"stores", std::move(stores)}}}};
}

TEST(JobView, a_drill_is_a_table_of_stores) {
  const ServiceJson job =
      drill("proven", {store("sgp1", "primary", "proven"), store("nyc3", "target", "proven")});
  EXPECT_EQ(drill_view(job),
            "Drill of backups: proven, in 1.5s\n"
            "  STORE  REGION  ROLE     WRITTEN  READ BACK  REMOVED  RESULT\n"
            "  sgp1   r-1     primary  120ms    all        80ms     proven\n"
            "  nyc3   r-1     target   120ms    all        80ms     proven\n");
  EXPECT_EQ(exit_code_of_drill(job), kDone);
}

TEST(JobView, a_drill_says_what_to_do_where_it_failed_and_what_it_left) {
  ServiceJson paused = store("nyc3", "target", "not_proven");
  for (const char* name : {"written_ms", "removed_ms"}) paused.erase(name);
  paused["verified"] = false;
  paused["why"] = "paused by an operator; 0 writes wait";
  paused["hint"] = "godwit targets resume nyc3";
  ServiceJson job = drill("not_proven", {paused});
  job["report"]["cleaned"] = false;
  const std::string text = drill_view(job);
  EXPECT_NE(text.find("nyc3   r-1     target  -        -          -        not proven\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("nyc3: paused by an operator; 0 writes wait\n  godwit targets resume nyc3\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("godwit-drill/x is still there"), std::string::npos) << text;
  EXPECT_EQ(exit_code_of_drill(job), kPartial);
  EXPECT_EQ(exit_code_of_drill(drill("failed", {})), kDifferences);
}

TEST(JobView, a_drill_that_could_not_be_made_says_why) {
  const ServiceJson job{
      {"group", "backups"}, {"state", "failed"}, {"error", "the store is closed"}};
  EXPECT_EQ(drill_view(job), "Drill of backups the store is closed\n");
  EXPECT_EQ(exit_code_of_drill(job), kFatal);
}

TEST(JobView, jobs_say_how_far_they_are_and_how_they_ended) {
  const ServiceJson jobs = {{{"id", 4},
                             {"kind", "drill"},
                             {"group", "g"},
                             {"target", ""},
                             {"state", "running"},
                             {"done", 3},
                             {"total", 6},
                             {"percent", 50},
                             {"elapsed_ms", 100}},
                            {{"id", 6},
                             {"kind", "sync"},
                             {"group", "g"},
                             {"target", ""},
                             {"state", "running"},
                             {"done", 1200},
                             {"elapsed_ms", 100}},
                            {{"id", 3},
                             {"kind", "verify"},
                             {"group", "g"},
                             {"target", "b"},
                             {"state", "running"},
                             {"cancelling", true},
                             {"elapsed_ms", 100}},
                            {{"id", 2},
                             {"kind", "verify"},
                             {"group", "g"},
                             {"target", "b"},
                             {"state", "completed"},
                             {"findings_count", 7},
                             {"all_well", false},
                             {"elapsed_ms", 2000}},
                            {{"id", 1},
                             {"kind", "sync"},
                             {"group", "g"},
                             {"target", ""},
                             {"state", "completed"},
                             {"findings_count", 0},
                             {"all_well", true},
                             {"elapsed_ms", 2000}}};
  EXPECT_EQ(jobs_view(jobs),
            "  JOB  KIND    GROUP  TARGET  STATE                TIME\n"
            "  4    drill   g              running 50%, 3 of 6  100ms\n"
            "  6    sync    g              running 1200 done    100ms\n"
            "  3    verify  g      b       cancelling           100ms\n"
            "  2    verify  g      b       completed            2.0s   7 found\n"
            "  1    sync    g              completed            2.0s   all well\n");
  EXPECT_EQ(jobs_view(ServiceJson::array()), "No job since the daemon was started.\n");
}

TEST(JobView, the_line_of_a_job_has_a_bar_only_where_a_share_is_known) {
  ServiceJson job{{"kind", "verify"}, {"group", "g"},      {"state", "running"},
                  {"done", 120},      {"total", 240},      {"total_is_estimate", true},
                  {"percent", 50},    {"elapsed_ms", 2000}};
  EXPECT_EQ(job_line(job, 100),
            "[##########..........] verify g running 50%, 120 of about 240, 2.0s");
  EXPECT_EQ(job_line(job, 10), "[#########");
  for (const char* name : {"total", "total_is_estimate", "percent"}) job.erase(name);
  EXPECT_EQ(job_line(job, 100), "verify g running 120 done, 2.0s");
}

}  // namespace
}  // namespace godwit::cli
