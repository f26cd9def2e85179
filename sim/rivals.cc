#include "sim/rivals.h"

#include <optional>
#include <utility>

#include "replication/versioned.h"

namespace godwit::sim {
namespace {

const std::string kMark = "rival";

std::optional<std::uint64_t> mark_of(const Metadata& metadata) {
  const auto found = metadata.user.find(kMark);
  if (found == metadata.user.end()) return std::nullopt;
  return std::stoull(found->second);
}

}  // namespace

asio::awaitable<void> Rivals::put(const Context& context, Store& region, std::string key,
                                  std::string bytes, std::uint64_t number) {
  const auto there = co_await replication::look(context, region, key);
  if (there && *there) {
    if (const auto replaced = mark_of((*there)->metadata)) unkept_.erase(*replaced);
  }
  unkept_[number] = key;
  MemoryBody body(bytes);
  const Upload upload{.body = &body, .size = bytes.size()};
  PutOptions options;
  options.metadata.user[kMark] = std::to_string(number);
  (void)co_await region.put(context, key, upload, options);
}

void Rivals::stored(const std::string& key, bool at_primary, const Metadata& metadata) {
  const auto number = mark_of(metadata);
  const bool aside = key.starts_with(replication::kOwnKeys);
  if (number && (at_primary || aside)) unkept_.erase(*number);
}

std::vector<std::string> Rivals::lost() const {
  std::vector<std::string> lost;
  for (const auto& [number, key] : unkept_) lost.push_back(key + "#" + std::to_string(number));
  return lost;
}

}  // namespace godwit::sim
