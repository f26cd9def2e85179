#include "cli/doctor_view.h"

#include <algorithm>
#include <cctype>

#include "cli/exit_code.h"
#include "cli/json_fields.h"

namespace godwit::cli {
namespace {

constexpr std::size_t kMargin = 10;  // of the widest severity, and two blanks

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string subject_of(const ServiceJson& check) {
  std::string subject = text_of(check, "group");
  const std::string about = text_of(check, "about");
  if (!about.empty()) subject += (subject.empty() ? "" : " ") + about;
  return subject.empty() ? "" : subject + ": ";
}

}  // namespace

std::string doctor_view(const ServiceJson& answer) {
  std::string text;
  std::size_t well = 0;
  const std::string indent(kMargin, ' ');
  for (const ServiceJson& check : list_of(answer, "checks")) {
    std::string severity = upper(text_of(check, "severity"));
    if (severity == "OK") {
      ++well;
      continue;
    }
    severity.resize(kMargin, ' ');
    text += severity + subject_of(check) + text_of(check, "what") + "  [" + text_of(check, "id") +
            "]\n" + indent + "why: " + text_of(check, "why") + "\n" + indent +
            "do:  " + text_of(check, "todo") + "\n";
  }
  text += std::to_string(well) + (well == 1 ? " check is" : " checks are") + " well.\n";
  if (!answer.value("probed", true)) {
    text += "The stores were not tried: access and clocks are not among them.\n";
  }
  return text;
}

int exit_code_of_doctor(const ServiceJson& answer) {
  const std::string severity = text_of(answer, "severity");
  if (severity == "problem") return kDifferences;
  return severity == "warning" ? kPartial : kDone;
}

}  // namespace godwit::cli
