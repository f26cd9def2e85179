#include "store/coding/coding_spec.h"

#include <algorithm>
#include <charconv>

namespace godwit::coding {
namespace {

constexpr int kHighestZstd = 19;
constexpr int kHighestGzip = 9;

Result<int> parse_level(const std::string& text, Compression compression) {
  if (compression == Compression::none) {
    return fail(Error(Code::invalid_argument, "'compression_level' without 'compression'")
                    .with_hint("compression=zstd"));
  }
  const int highest = compression == Compression::gzip ? kHighestGzip : kHighestZstd;
  int level = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), level);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (number && level >= 1 && level <= highest) return level;
  return fail(Error(Code::invalid_argument, "'compression_level': '" + text + "' is none of " +
                                                std::string(to_string(compression)))
                  .with_hint("1 to " + std::to_string(highest)));
}

}  // namespace

int default_level(Compression compression) { return compression == Compression::gzip ? 6 : 3; }

const std::vector<OptionInfo>& coding_options() {
  static const std::vector<OptionInfo> options = {
      {"compression",
       "of bodies that are put; what is there is read either way",
       "",
       {"none", "zstd", "gzip"}},
      {"compression_level",
       "1 to 19 for `zstd`, 1 to 9 for `gzip`",
       "3 for `zstd`, 6 for `gzip`",
       {}},
      {"compression_min_size", "smaller bodies are not compressed", "4KiB", {}},
      {"encryption_key_file",
       "a file of keys (`godwit key new`): bodies that are put are sealed with its first one, "
       "those sealed with any of them are read; a name without `/` at its start: of "
       "`$CREDENTIALS_DIRECTORY`",
       "bodies are not sealed",
       {}}};
  return options;
}

Result<std::optional<CodingSpec>> take_coding(StoreSpec& spec) {
  StoreSpec own;
  for (const OptionInfo& option : coding_options()) {
    auto given = spec.options.extract(option.name);
    if (given) own.options.insert(std::move(given));
  }
  if (own.options.empty()) return std::nullopt;
  const OptionReader reader(own, coding_options());
  CodingSpec coding;
  auto chosen = reader.choice("compression");
  if (!chosen) return fail(std::move(chosen).error().because_of("'compression'"));
  const std::string& compression = *chosen;
  if (compression == "zstd") coding.compression = Compression::zstd;
  if (compression == "gzip") coding.compression = Compression::gzip;
  if (const auto level = reader.text("compression_level")) {
    GODWIT_TRY(coding.level, parse_level(*level, coding.compression));
  }
  if (const auto size = reader.text("compression_min_size")) {
    auto least = parse_bytes(*size);
    if (!least) return fail(std::move(least).error().because_of("'compression_min_size'"));
    coding.min_size = *least;
  }
  coding.key_file = reader.text("encryption_key_file").value_or("");
  return coding;
}

}  // namespace godwit::coding
