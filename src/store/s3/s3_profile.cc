#include "store/s3/s3_profile.h"

#include <algorithm>
#include <array>

#include "world/disk.h"

namespace godwit::s3 {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// Settings that stand for keys from elsewhere. The AWS tools prefer all but the last to keys that
/// lie beside them, so keys beside them would be the wrong ones.
constexpr std::array<std::string_view, 7> kOtherWays = {
    "role_arn",      "source_profile", "web_identity_token_file", "sso_session",
    "sso_start_url", "sso_account_id", "credential_process"};

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

/// `profile "my own"` → `profile my own`.
std::string title_of(std::string_view inside) {
  std::string title(trim(inside));
  std::erase(title, '"');
  return title;
}

std::unexpected<Error> bad_line(std::size_t number, const std::string& why) {
  return fail(Code::invalid_argument, "line " + std::to_string(number) + ": " + why);
}

std::string value_of(const Settings& settings, const char* name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

Result<std::optional<Settings>> load_section(Disk& disk, const std::string& path,
                                             std::span<const std::string> titles) {
  GODWIT_TRY(const std::optional<std::string> text, read_file_if_there(disk, path, kLargestFile));
  if (!text) return std::nullopt;
  auto settings = parse_section(*text, titles);
  if (!settings) return fail(std::move(settings).error().because_of(path));
  return settings;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Result<std::optional<Settings>> parse_section(std::string_view text,
                                              std::span<const std::string> titles) {
  std::optional<Settings> found;
  bool inside = false;
  std::string outer;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view whole = take_line(text);
    const std::string_view line = trim(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      if (line.back() != ']') return bad_line(number, "'[' without ']'");
      inside = std::ranges::find(titles, title_of(line.substr(1, line.size() - 2))) != titles.end();
      if (inside && !found) found.emplace();
      outer.clear();
      continue;
    }
    if (!inside) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return bad_line(number, "it is no NAME = VALUE");
    std::string name(trim(line.substr(0, equals)));
    const std::string value(trim(line.substr(equals + 1)));
    const bool nested = (whole.front() == ' ' || whole.front() == '\t') && !outer.empty();
    if (nested) name = outer + "." + name;
    if (!nested) outer = value.empty() ? name : std::string();
    (*found)[name] = value;
  }
  return found;
}

Result<std::optional<Settings>> load_profile(World& world, const std::string& profile) {
  const std::string home = world.environment("HOME").value_or("");
  const std::string config = world.environment("AWS_CONFIG_FILE").value_or(home + "/.aws/config");
  const std::string credentials =
      world.environment("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "/.aws/credentials");
  const std::array<std::string, 2> titles = {profile, "profile " + profile};
  GODWIT_TRY(std::optional<Settings> settings, load_section(world.disk(), config, titles));
  if (settings && settings->contains("services")) {
    const std::array<std::string, 1> service = {"services " + settings->at("services")};
    GODWIT_TRY(const auto of_services, load_section(world.disk(), config, service));
    for (const auto& [name, value] : of_services.value_or(Settings())) {
      settings->insert_or_assign("services." + name, value);
    }
  }
  GODWIT_TRY(std::optional<Settings> keys, load_section(world.disk(), credentials, titles));
  if (!settings) return keys;
  // What is in both is meant as the credentials file has it.
  if (keys) keys->merge(*settings);
  return keys ? keys : settings;
}

Result<std::optional<http::Credentials>> keys_of(const Settings& settings,
                                                 const std::string& profile) {
  http::Credentials keys{value_of(settings, "aws_access_key_id"),
                         value_of(settings, "aws_secret_access_key"),
                         value_of(settings, "aws_session_token")};
  const bool whole = !keys.access_key.empty() && !keys.secret_key.empty();
  for (const std::string_view way : kOtherWays) {
    const bool goes = settings.contains(std::string(way));
    if (!goes || (whole && way == kOtherWays.back())) continue;
    return fail(Error(Code::invalid_argument, "profile '" + profile + "' gets its keys by '" +
                                                  std::string(way) +
                                                  "', a way that godwit does not go itself")
                    .with_hint("let the AWS CLI go it: eval \"$(aws configure export-credentials "
                               "--profile " +
                               profile + " --format env)\""));
  }
  if (whole) return keys;
  if (keys.access_key.empty() && keys.secret_key.empty()) return std::nullopt;
  const char* missing = keys.access_key.empty() ? "aws_access_key_id" : "aws_secret_access_key";
  return fail(Error(Code::invalid_argument, "profile '" + profile + "' has half a pair of keys")
                  .with_hint(std::string("add ") + missing));
}

}  // namespace godwit::s3
