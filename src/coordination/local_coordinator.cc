#include "coordination/local_coordinator.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "world/disk.h"

namespace godwit {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// A name is as sure as the names of the directories above it, which may have been made just now.
Result<void> sync_names(Disk& disk, std::string directory) {
  const std::string own = directory;
  for (;;) {
    const Result<void> synced = disk.sync_directory(directory);
    // What holds the directory need not be readable to us.
    const bool forbidden = !synced && synced.error().code() == Code::permission_denied;
    if (!synced && (directory == own || !forbidden)) return synced;
    if (directory == "/") return {};
    directory = parent_of(directory);
  }
}

Result<std::shared_ptr<void>> take_directory(Disk& disk, const std::string& directory) {
  GODWIT_CHECK(disk.make_directory(directory, Access::owner_only));
  auto lock = disk.lock(directory + "/lock");
  if (!lock && lock.error().code() == Code::precondition_failed) {
    return fail(std::move(lock).error().with_hint(
        "one process at a time coordinates by a directory: stop the other one, or give each a "
        "data_dir of its own"));
  }
  if (!lock) return lock;
  GODWIT_CHECK(sync_names(disk, directory));
  return lock;
}

Result<std::optional<std::string>> read_group(Disk& disk, const std::string& path) {
  Result<std::optional<std::string>> text = read_file_if_there(disk, path, kLargestGroupFile);
  const bool too_large = !text && text.error().code() == Code::invalid_argument;
  if (!too_large) return text;
  return fail(std::move(damaged_group("too large").error()).because_of(path));
}

/// What the file says; nothing where there is none. It may be there and not be durable (the process
/// before died between the rename and the sync), so it is written again.
Result<std::optional<GroupRecord>> load(Disk& disk, const std::string& path,
                                        const std::string& group) {
  GODWIT_TRY(const std::optional<std::string> text, read_group(disk, path));
  if (!text) return std::nullopt;
  Result<GroupRecord> record = decode_group(*text);
  if (record && record->group != group) {
    record = damaged_group("it is of the group '" + record->group + "'");
  }
  if (!record) return fail(std::move(record).error().because_of(path));
  GODWIT_CHECK(replace_file(disk, path, as_bytes(*text)));
  return *std::move(record);
}

std::string of_lease(const LeaseTerms& terms) {
  return "the lease '" + terms.name + "' of the group '" + terms.group + "'";
}

}  // namespace

/// Calls take turns: each sees what the one before made durable.
class LocalCoordinator::Turn {
 public:
  explicit Turn(LocalCoordinator& owner) : owner_(&owner) { owner.busy_ = true; }
  Turn(Turn&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (owner_ == nullptr) return;
    owner_->busy_ = false;
    owner_->free_.notify_one();
  }

 private:
  LocalCoordinator* owner_;
};

struct LocalCoordinator::Visit {
  Turn turn;
  Group* group;
};

LocalCoordinator::LocalCoordinator(World& world, std::string directory, std::shared_ptr<void> lock)
    : world_(world),
      directory_(std::move(directory)),
      lock_(std::move(lock)),
      free_(world.executor()) {}

Task<std::unique_ptr<LocalCoordinator>> LocalCoordinator::open(const Context& context,
                                                               const std::string& directory) {
  GODWIT_CO_CHECK(context.check());
  World& world = context.world();
  auto work = [&disk = world.disk(), &directory] { return take_directory(disk, directory); };
  GODWIT_CO_TRY(std::shared_ptr<void> lock, co_await run_blocking(world, std::move(work)));
  co_return std::unique_ptr<LocalCoordinator>(
      new LocalCoordinator(world, directory, std::move(lock)));
}

std::string LocalCoordinator::path_of(const std::string& group) const {
  return directory_ + "/" + group + ".group";
}

// State.

Task<LocalCoordinator::Visit> LocalCoordinator::visit(const Context& context,
                                                      const std::string& name) {
  GODWIT_CO_CHECK(context.check());
  GODWIT_CO_CHECK(check_name("a group", name));
  while (busy_) co_await free_.wait();
  Turn turn(*this);
  GODWIT_CO_CHECK(context.check());
  if (!groups_.contains(name) && groups_.size() == kMostGroups) {
    co_return fail(Code::limit_exceeded, "more than " + std::to_string(kMostGroups) + " groups");
  }
  Group& group = groups_[name];
  group.record.group = name;
  if (!group.is_sure) GODWIT_CO_CHECK(co_await make_sure(group));
  co_return Visit{std::move(turn), &group};
}

Task<void> LocalCoordinator::make_sure(Group& group) {
  const std::string name = group.record.group;
  auto work = [&disk = world_.disk(), path = path_of(name), name] {
    return load(disk, path, name);
  };
  GODWIT_CO_TRY(std::optional<GroupRecord> found, co_await run_blocking(world_, std::move(work)));
  group.record = found ? *std::move(found) : GroupRecord{.group = name};
  group.is_sure = true;
  for (const auto& [lease, record] : group.record.leases) {
    group.heard.try_emplace(lease, Heard{.at = world_.mono_now()});
  }
  co_return Result<void>();
}

Task<void> LocalCoordinator::save(Group& group, GroupRecord next) {
  auto work = [&disk = world_.disk(), path = path_of(next.group),
               text = encode_group(next)]() -> Result<void> {
    if (text.size() > kLargestGroupFile) {
      return fail(Code::limit_exceeded, path + " would have " + format_bytes(text.size()));
    }
    GODWIT_CHECK(replace_file(disk, path, as_bytes(text)));
    return {};
  };
  Result<void> saved = co_await run_blocking(world_, std::move(work));
  if (!saved) {
    group.is_sure = saved.error().outcome() == Outcome::not_applied;
    co_return saved;
  }
  group.record = std::move(next);
  std::erase_if(group.heard,
                [&](const auto& one) { return !group.record.leases.contains(one.first); });
  co_return saved;
}

Task<GroupSnapshot> LocalCoordinator::read(const Context& context, const std::string& group) {
  GODWIT_CO_TRY(const Visit here, co_await visit(context, group));
  co_return here.group->record.snapshot;
}

Task<std::uint64_t> LocalCoordinator::compare_and_swap(const Context& context,
                                                       const std::string& group,
                                                       const GroupSnapshot& next) {
  GODWIT_CO_TRY(const Visit here, co_await visit(context, group));
  GroupRecord record = here.group->record;
  if (next.revision != record.snapshot.revision) {
    co_return fail(Code::precondition_failed, "the group '" + group + "' is at revision " +
                                                  std::to_string(record.snapshot.revision) +
                                                  ", no longer at " +
                                                  std::to_string(next.revision));
  }
  GODWIT_CO_CHECK(check_succession(record.snapshot.state, next.state));
  record.snapshot = {.state = next.state, .revision = next.revision + 1};
  GODWIT_CO_CHECK(co_await save(*here.group, std::move(record)));
  co_return next.revision + 1;
}

// Leases.

MonoTime LocalCoordinator::end_of(const Group& group, const std::string& lease) const {
  const auto record = group.record.leases.find(lease);
  return record == group.record.leases.end() ? MonoTime::min()
                                             : group.heard.at(lease).at + record->second.ttl;
}

Result<void> LocalCoordinator::check_free(const Group& group, const LeaseTerms& terms) const {
  const MonoTime now = world_.mono_now();
  const MonoTime end = end_of(group, terms.name);
  if (end <= now) return {};
  const LeaseRecord& held = group.record.leases.at(terms.name);
  const bool is_own = held.holder == terms.holder && !group.heard.at(terms.name).by_this_process;
  if (is_own) return {};
  return fail(
      Error(Code::precondition_failed, of_lease(terms) + " is held by '" + held.holder + "'")
          .with(Retry::later)
          .with_retry_after(std::chrono::ceil<std::chrono::milliseconds>(end - now)));
}

bool LocalCoordinator::holds(const Group& group, const Lease& lease) const {
  const auto record = group.record.leases.find(lease.terms.name);
  return record != group.record.leases.end() && record->second.token == lease.token &&
         end_of(group, lease.terms.name) > world_.mono_now();
}

Task<Lease> LocalCoordinator::acquire(const Context& context, const LeaseTerms& terms) {
  const MonoTime asked = world_.mono_now();
  GODWIT_CO_CHECK(check_terms(terms));
  GODWIT_CO_TRY(const Visit here, co_await visit(context, terms.group));
  Group& group = *here.group;
  GODWIT_CO_CHECK(check_free(group, terms));
  GroupRecord next = group.record;
  const MonoTime now = world_.mono_now();
  std::erase_if(next.leases, [&](const auto& lease) { return end_of(group, lease.first) <= now; });
  const std::uint64_t token = ++next.last_token;
  next.leases[terms.name] = {.holder = terms.holder, .token = token, .ttl = terms.ttl};
  if (next.leases.size() > kMostLeases) {
    co_return fail(Code::limit_exceeded, "more than " + std::to_string(kMostLeases) +
                                             " leases of the group '" + terms.group + "'");
  }
  GODWIT_CO_CHECK(co_await save(group, std::move(next)));
  group.heard[terms.name] = {.at = world_.mono_now(), .by_this_process = true};
  co_return Lease{terms, token, lease_valid_until(asked, terms.ttl)};
}

Task<Lease> LocalCoordinator::renew(const Context& context, const Lease& lease) {
  const MonoTime asked = world_.mono_now();
  GODWIT_CO_CHECK(check_terms(lease.terms));
  GODWIT_CO_TRY(const Visit here, co_await visit(context, lease.terms.group));
  if (!holds(*here.group, lease)) {
    co_return fail(Code::precondition_failed,
                   of_lease(lease.terms) + " was lost by '" + lease.terms.holder + "'");
  }
  here.group->heard[lease.terms.name] = {.at = world_.mono_now(), .by_this_process = true};
  co_return Lease{lease.terms, lease.token, lease_valid_until(asked, lease.terms.ttl)};
}

Task<void> LocalCoordinator::release(const Context& context, const Lease& lease) {
  GODWIT_CO_CHECK(check_terms(lease.terms));
  GODWIT_CO_TRY(const Visit here, co_await visit(context, lease.terms.group));
  if (!holds(*here.group, lease)) co_return Result<void>();
  GroupRecord next = here.group->record;
  next.leases.erase(lease.terms.name);
  co_return co_await save(*here.group, std::move(next));
}

// Votes.

Task<void> LocalCoordinator::cast_vote(const Context& context, const std::string& group,
                                       const Vote& vote) {
  GODWIT_CO_CHECK(check_vote(vote));
  GODWIT_CO_TRY(const Visit here, co_await visit(context, group));
  const std::uint32_t epoch = here.group->record.snapshot.state.epoch;
  if (vote.epoch != epoch) {
    co_return fail(Code::precondition_failed, "a vote of epoch " + std::to_string(vote.epoch) +
                                                  "; the group '" + group + "' is in epoch " +
                                                  std::to_string(epoch));
  }
  auto& cast = here.group->votes;
  const MonoTime now = world_.mono_now();
  std::erase_if(cast, [now](const auto& one) { return one.second.until <= now; });
  if (cast.size() == kMostObservers && !cast.contains(vote.observer)) {
    co_return fail(Code::limit_exceeded,
                   "more than " + std::to_string(kMostObservers) + " observers vote");
  }
  cast[vote.observer] = {.vote = vote, .until = now + vote.lifetime};
  co_return Result<void>();
}

Task<std::vector<Vote>> LocalCoordinator::votes(const Context& context, const std::string& group) {
  GODWIT_CO_TRY(const Visit here, co_await visit(context, group));
  const MonoTime now = world_.mono_now();
  std::vector<Vote> counted;
  for (const auto& [observer, cast] : here.group->votes) {
    const bool holds = cast.until > now;
    if (holds && cast.vote.epoch == here.group->record.snapshot.state.epoch) {
      counted.push_back(cast.vote);
    }
  }
  co_return counted;
}

Task<void> LocalCoordinator::close() {
  lock_.reset();
  co_return Result<void>();
}

}  // namespace godwit
