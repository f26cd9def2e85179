#include "cli/doctor_view.h"

#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace godwit::cli {
namespace {

ServiceJson answer(const char* severity, std::vector<ServiceJson> checks) {
  return {{"severity", severity}, {"checks", std::move(checks)}, {"probed", true}};
}

TEST(DoctorView, says_what_why_and_what_to_do_and_counts_what_is_well) {
  const ServiceJson told =
      answer("problem", {{{"id", "clock"},
                          {"severity", "problem"},
                          {"group", "backups"},
                          {"about", "nyc3"},
                          {"what", "its clock is 2m ahead"},
                          {"why", "order"},
                          {"todo", "NTP"}},
                         {{"id", "tokens"},
                          {"severity", "advice"},
                          {"what", "no token"},
                          {"why", "everyone may"},
                          {"todo", "set one"}},
                         {{"id", "disk"}, {"severity", "ok"}, {"what", "9 GiB free"}}});
  EXPECT_EQ(doctor_view(told),
            "PROBLEM   backups nyc3: its clock is 2m ahead  [clock]\n"
            "          why: order\n"
            "          do:  NTP\n"
            "ADVICE    no token  [tokens]\n"
            "          why: everyone may\n"
            "          do:  set one\n"
            "1 check is well.\n");
}

TEST(DoctorView, says_that_the_stores_were_not_tried) {
  ServiceJson told = answer("ok", {});
  told["probed"] = false;
  EXPECT_EQ(
      doctor_view(told),
      "0 checks are well.\nThe stores were not tried: access and clocks are not among them.\n");
}

TEST(DoctorView, the_exit_code_is_that_of_the_worst) {
  EXPECT_EQ(exit_code_of_doctor(answer("problem", {})), kDifferences);
  EXPECT_EQ(exit_code_of_doctor(answer("warning", {})), kPartial);
  EXPECT_EQ(exit_code_of_doctor(answer("advice", {})), kDone);
  EXPECT_EQ(exit_code_of_doctor(answer("ok", {})), kDone);
}

}  // namespace
}  // namespace godwit::cli
