#include "transfer/checkpoint.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/checksum.h"

namespace godwit::transfer {
namespace {

constexpr int kFormat = 2;
/// 10,000 parts of 40 bytes, and the head.
constexpr Bytes kLargest = 1 * kMiB;

std::string to_json(const UploadState& state) {
  const nlohmann::json head = {{"format", kFormat},          {"source_etag", state.source_etag},
                               {"size", state.size},         {"part_size", state.part_size},
                               {"metadata", state.metadata}, {"upload_id", state.upload_id}};
  return head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::optional<UploadState> parse_head(std::string_view line) {
  const auto head = nlohmann::json::parse(line, nullptr, false);
  if (!head.is_object() || head.value("format", 0) != kFormat) return std::nullopt;
  UploadState state;
  try {
    state.source_etag = head.at("source_etag").get<std::string>();
    state.size = head.at("size").get<Bytes>();
    state.part_size = head.at("part_size").get<Bytes>();
    state.metadata = head.at("metadata").get<std::string>();
    state.upload_id = head.at("upload_id").get<std::string>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  if (state.part_size == 0 || state.upload_id.empty()) return std::nullopt;
  return state;
}

std::optional<UploadState> parse(std::string_view text) {
  const std::size_t head_end = text.find('\n');
  if (head_end == std::string_view::npos) return std::nullopt;
  std::optional<UploadState> state = parse_head(text.substr(0, head_end));
  if (!state) return std::nullopt;
  text.remove_prefix(head_end + 1);
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    const std::string_view line = text.substr(0, end);
    std::uint32_t number = 0;
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error == std::errc() && line.end() - rest == 33) {
      state->part_md5s[number] = std::string(rest + 1, line.end());
    }
    text.remove_prefix(end + 1);
  }
  return state;
}

std::optional<UploadState> read_state(Disk& disk, const std::string& path) {
  const Result<std::string> text = read_file(disk, path, kLargest);
  return text ? parse(*text) : std::nullopt;
}

Result<std::shared_ptr<File>> write_file(Disk& disk, const std::string& directory,
                                         const std::string& path, const std::string& text) {
  GODWIT_CHECK(disk.make_directory(directory, Access::owner_only));
  GODWIT_TRY(std::unique_ptr<File> file, replace_file(disk, path, as_bytes(text)));
  return std::shared_ptr<File>(std::move(file));
}

void append(std::string& text, const std::string& field) {
  text += std::to_string(field.size()) + ":" + field;
}

std::string file_name(const std::string& source, const std::string& target) {
  const std::string both = std::to_string(source.size()) + ":" + source + target;
  return to_hex(ByteSpan(sha256(as_bytes(both))).first(16)) + ".upload";
}

}  // namespace

std::string fingerprint(const Metadata& metadata) {
  std::string text;
  for (const std::string* field :
       {&metadata.content_type, &metadata.cache_control, &metadata.content_disposition,
        &metadata.content_encoding, &metadata.content_language, &metadata.expires}) {
    append(text, *field);
  }
  for (const auto* fields : {&metadata.user, &metadata.tags}) {
    append(text, std::to_string(fields->size()));
    for (const auto& [name, value] : *fields) {
      append(text, name);
      append(text, value);
    }
  }
  return to_hex(ByteSpan(sha256(as_bytes(text))).first(16));
}

Checkpoint::Checkpoint(World& world, const std::string& directory, const std::string& source,
                       const std::string& target)
    : world_(world), directory_(directory.empty() ? directory : directory + "/uploads") {
  if (!off()) path_ = directory_ + "/" + file_name(source, target);
}

asio::awaitable<std::optional<UploadState>> Checkpoint::load() {
  if (off()) co_return std::nullopt;
  auto work = [&disk = world_.disk(), path = path_] { return read_state(disk, path); };
  co_return co_await run_blocking(world_, std::move(work));
}

Task<void> Checkpoint::begin(const UploadState& state) {
  if (off()) co_return Result<void>();
  std::string text = to_json(state);
  for (const auto& [number, md5] : state.part_md5s) {
    text += std::to_string(number) + " " + md5 + "\n";
  }
  end_ = text.size();
  auto work = [&disk = world_.disk(), directory = directory_, path = path_, text] {
    return write_file(disk, directory, path, text);
  };
  GODWIT_CO_TRY(file_, co_await run_blocking(world_, std::move(work)));
  co_return Result<void>();
}

Task<void> Checkpoint::add_part(std::uint32_t number, const std::string& md5) {
  if (!file_) co_return Result<void>();
  const std::string line = std::to_string(number) + " " + md5 + "\n";
  const Bytes at = std::exchange(end_, end_ + line.size());
  auto work = [file = file_, at, line] { return file->write_at(at, as_bytes(line)); };
  co_return co_await run_blocking(world_, std::move(work));
}

Task<void> Checkpoint::remove() {
  if (!file_) co_return Result<void>();
  file_.reset();
  auto work = [&disk = world_.disk(), path = path_] { return disk.remove_file(path); };
  co_return co_await run_blocking(world_, std::move(work));
}

}  // namespace godwit::transfer
