#include <utility>

#include "service/api.h"
#include "service/service.h"
#include "service/shapes.h"

namespace godwit::service {
namespace {

constexpr std::uint64_t kMostLetters = 1000;
/// That one call looks at, where it wants only conflicts, or all.
constexpr std::size_t kMostPages = 100;

using Letters = std::vector<DeadLetter>;

std::uint64_t limit_of(const Call& call) {
  return std::clamp<std::uint64_t>(count_argument(call, "limit", 100), 1, kMostLetters);
}

Task<Reply> dead_letters(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  auto work = [store = group->store.get(), target = call.path["target"],
               after = call.argument("start_after"),
               most = limit_of(call)] { return store->dead_letters(target, after, most); };
  const auto letters = co_await call.service.calls().slow(std::move(work));
  if (!letters) co_return std::unexpected(letters.error());
  Reply reply;
  reply.body["dead_letters"] = Json::array();
  for (const DeadLetter& letter : *letters) reply.body["dead_letters"].push_back(shape(letter));
  co_return reply;
}

/// Calls `use` for the dead letters of a target, until it says false or a bound is reached.
template <class Use>
Result<void> walk(ReplicatedStore& store, const std::string& target, Use use) {
  std::string after;
  for (std::size_t page = 0; page < kMostPages; ++page) {
    GODWIT_TRY(const Letters letters, store.dead_letters(target, after, kMostLetters));
    for (const DeadLetter& letter : letters) {
      GODWIT_TRY(const bool more, use(letter));
      if (!more) return {};
    }
    if (letters.size() < kMostLetters) return {};
    after = letters.back().key;
  }
  return {};
}

Result<std::uint64_t> redrive_all(ReplicatedStore& store, const std::string& target) {
  std::uint64_t count = 0;
  GODWIT_CHECK(walk(store, target, [&](const DeadLetter& letter) -> Result<bool> {
    // A conflict waits for a person.
    if (letter.code == Code::precondition_failed) return true;
    GODWIT_CHECK(store.redrive(target, letter.key));
    ++count;
    return true;
  }));
  return count;
}

Task<Reply> redrive(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  const bool all = call.body.contains("all") && call.body["all"].get<bool>();
  const std::string key = field(call, "key");
  if (all == !key.empty()) {
    co_return fail(Code::invalid_argument, "name a 'key', or say 'all': true");
  }
  auto work = [store = group->store.get(), target = call.path["target"],
               key]() -> Result<std::uint64_t> {
    if (key.empty()) return redrive_all(*store, target);
    GODWIT_CHECK(store->redrive(target, key));
    return 1;
  };
  const auto count = co_await call.service.calls().slow(std::move(work));
  if (!count) co_return std::unexpected(count.error());
  Reply reply{.status = 202};
  reply.body = {{"redriven", *count}};
  co_return reply;
}

/// The conflicts of all targets that wait for a person.
Result<Json> find_conflicts(ReplicatedStore& store, const std::string& only, std::size_t most) {
  Json found = Json::array();
  GODWIT_TRY(const GroupStatus status, store.status());
  for (const TargetStatus& target : status.targets) {
    if (!only.empty() && only != target.name) continue;
    if (target.dead_letters == 0) continue;
    GODWIT_CHECK(walk(store, target.name, [&](const DeadLetter& letter) -> Result<bool> {
      if (letter.code != Code::precondition_failed) return true;
      Json json{{"target", target.name}};
      json.update(shape(letter));
      found.push_back(std::move(json));
      return found.size() < most;
    }));
  }
  return found;
}

Task<Reply> conflicts(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  auto work = [store = group->store.get(), target = call.argument("target"),
               most = limit_of(call)] { return find_conflicts(*store, target, most); };
  auto found = co_await call.service.calls().slow(std::move(work));
  if (!found) co_return std::unexpected(std::move(found).error());
  Reply reply;
  reply.body["conflicts"] = *std::move(found);
  co_return reply;
}

Task<Reply> resolve(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  const std::string keep = field(call, "keep");
  if (keep != "primary" && keep != "target") {
    co_return fail(Code::invalid_argument, "'keep' is primary or target");
  }
  auto work = [store = group->store.get(), target = field(call, "target"), key = field(call, "key"),
               standing = keep == "primary" ? Standing::primary : Standing::other] {
    return store->resolve(target, key, standing);
  };
  const auto resolved = co_await call.service.calls().slow(std::move(work));
  if (!resolved) co_return std::unexpected(resolved.error());
  Reply reply{.status = 204};
  co_return reply;
}

}  // namespace

std::vector<Route> letter_routes() {
  const std::string group = "/api/v1/groups/{group}";
  const std::string letters = group + "/targets/{target}/dead-letters";
  const Argument after{.name = "start_after", .help = "the last key known"};
  const Argument limit{.name = "limit", .type = Type::count, .help = "1 to 1000 (default: 100)"};
  const Argument target{.name = "target", .help = "of this one only"};
  return {{.method = "GET",
           .path = letters,
           .work = dead_letters,
           .summary = "Writes that a target will not get unless somebody acts",
           .query = {after, limit}},
          {.method = "POST",
           .path = letters + "/redrive",
           .access = Access::operate,
           .work = redrive,
           .summary = "Tries dead letters again",
           .input = Input::json,
           .fields = {{.name = "key", .help = "of one"},
                      {.name = "all",
                       .type = Type::truth,
                       .help = "true: all but conflicts, up to 100,000"}}},
          {.method = "GET",
           .path = group + "/conflicts",
           .work = conflicts,
           .summary = "Conflicts that wait for a person",
           .query = {target, limit}},
          {.method = "POST",
           .path = group + "/conflicts/resolve",
           .access = Access::operate,
           .work = resolve,
           .summary = "Ends a conflict: one side stays, the other is kept under .godwit/rescue/",
           .input = Input::json,
           .fields = {{.name = "target", .required = true, .help = "where the other object is"},
                      {.name = "key", .required = true, .help = "of both"},
                      {.name = "keep", .required = true, .help = "primary or target"}}}};
}

}  // namespace godwit::service
