#include "api/session.h"

#include <algorithm>
#include <utility>

#include "api/schemes.h"
#include "base/suggest.h"
#include "replication/versioned.h"
#include "store/coding/coded_store.h"
#include "store/layers/layers.h"
#include "world/disk.h"

namespace godwit::api {
namespace {

/// How often is looked at what tells no one when it has changed.
constexpr Duration kLook = std::chrono::milliseconds(5);

std::unexpected<Error> ended() { return fail(Code::cancelled, "the store is being closed"); }

/// Takes its place of a table while it is being used: two calls at once would mix.
template <class T>
class Use {
 public:
  Use(std::map<Ticket, std::unique_ptr<T>>& table, Ticket ticket) : table_(table), ticket_(ticket) {
    const auto found = table_.find(ticket_);
    if (found != table_.end()) used_ = std::move(found->second);
  }
  Use(Use&&) = delete;
  ~Use() {
    const auto found = table_.find(ticket_);
    if (found != table_.end()) found->second = std::move(used_);
  }
  T* get() { return used_.get(); }

 private:
  std::map<Ticket, std::unique_ptr<T>>& table_;
  Ticket ticket_;
  std::unique_ptr<T> used_;
};

DeadLetter letter_of(const journal::DeadLetter& dead) {
  const journal::Write& write = dead.task.write;
  return {.key = write.key,
          .version = write.version,
          .is_removal = write.change == journal::Change::remove,
          .code = dead.code,
          .message = dead.message,
          .written = dead.task.since,
          .buried = dead.buried};
}

replication::WriteOptions translate(const WriteOptions& options) {
  return {.metadata = options.metadata,
          .expected = options.expected,
          .mode = options.mode,
          .priority = options.priority,
          .receipt = options.receipt};
}

Head head_of(replication::HeadResult head) {
  return {.info = std::move(head.info),
          .version = std::move(head.version),
          .from = std::move(head.from)};
}

}  // namespace

// Opening and closing.

Task<void> Session::open(const ReplicationConfig& config) {
  GODWIT_CO_TRY(plan_, make_plan(config));
  region_ = config.region;
  call_timeout_ = config.call_timeout;
  slow_ = {.log = config.log.get(), .most = config.slow_call};
  http::ClientOptions client;
  client.tls.ca_file = config.ca_file;
  client_ = http::make_client(world_, client);
  add_schemes(registry_, *client_, engine_);
  auto opened = co_await open_group(context(call_timeout_), config);
  if (!opened) (void)co_await let_go();
  co_return opened;
}

Task<void> Session::open_group(const Context& context, const ReplicationConfig& config) {
  auto coordinator = co_await LocalCoordinator::open(context, plan_.data_dir + "/coordinator");
  if (!coordinator) co_return fail(std::move(coordinator).error().because_of("data_dir"));
  coordinator_ = *std::move(coordinator);
  GODWIT_CO_TRY(const GroupSnapshot known, co_await coordinator_->read(context, plan_.group.name));
  const bool is_new = known.revision == 0;
  replication::GroupStores stores;
  for (const Member& member : plan_.members) {
    // A primary that is not there any more is lost, not empty: else a comparison with it would
    // empty the targets.
    const bool may_be_new = is_new || member.name != known.state.primary;
    GODWIT_CO_TRY(auto store, open_store(member, may_be_new));
    if (may_be_new) {
      auto made = co_await make_place(context, member, *store);
      // Targets may be out of reach.
      if (!made && is_new && member.name == plan_.group.primary) {
        co_return fail(std::move(made).error().because_of(member.name));
      }
    }
    stores[member.name] = std::move(store);
  }
  const replication::GroupSupport support{.engine = engine_,
                                          .coordinator = *coordinator_,
                                          .journal_directory = plan_.journal_directory(),
                                          .state_directory = plan_.data_dir};
  GODWIT_CO_TRY(
      group_, co_await replication::Group::open(context, plan_.group, std::move(stores), support));
  // Before anything is delivered: nothing has run since the group was opened.
  for (const auto& [name, merger] : config.mergers) {
    GODWIT_CO_CHECK(group_->add_merger(name, merger));
  }
  co_return Result<void>();
}

Result<std::unique_ptr<Store>> Session::open_store(const Member& member, bool may_be_new) {
  StoreSpec spec = member.spec;
  const bool on_disk = spec.scheme == "file" || spec.scheme == "rocksdb";
  if (on_disk && may_be_new) spec.options.try_emplace("missing", "empty");
  const auto coding = coding::take_coding(spec);
  if (!coding) return fail(Error(coding.error()).because_of(member.name));
  auto store = registry_.open(world_, spec);
  if (!store) return fail(std::move(store).error().because_of(member.name));
  const LayerOptions layers{.slow = slow_};
  auto coded = coding::with_coding(world_, with_layers(*std::move(store), layers), *coding);
  if (!coded) return fail(std::move(coded).error().because_of(member.name));
  return coded;
}

/// A store that was opened once is there from then on, also if nothing is written to it.
Task<void> Session::make_place(const Context& context, const Member& member, Store& store) {
  if (member.spec.scheme == "file") {
    auto make = [disk = &world_.disk(), root = member.spec.prefix] {
      return disk->make_directory(root, Access::shared);
    };
    co_return co_await run_blocking(world_, std::move(make));
  }
  if (member.spec.scheme == "rocksdb") {
    const std::string mark(replication::kMarkerKey);
    GODWIT_CO_CHECK(co_await replication::look(context, store, mark));
  }
  co_return Result<void>();
}

Task<CloseReport> Session::close(Duration drain_for) {
  const Context patient = Context(world_).with_timeout(drain_for);
  while (runner_.calls() > 0 || !is_drained()) {
    if (!co_await patient.sleep(kLook)) break;
  }
  cancel_.cancel();
  const Context unbounded(world_);
  while (runner_.calls() > 0) (void)co_await unbounded.sleep(kLook);
  CloseReport left = report();
  auto ended_well = co_await let_go();
  if (!ended_well) co_return std::unexpected(std::move(ended_well).error());
  co_return left;
}

/// Ends what is open, each whatever becomes of the others.
Task<void> Session::let_go() {
  Result<void> first;
  const auto note = [&first](Result<void> result) {
    if (first && !result) first = std::move(result);
  };
  bodies_.clear();
  listings_.clear();
  for (const auto& [ticket, examination] : examinations_) co_await examination->stop();
  examinations_.clear();
  if (group_) note(co_await group_->close());
  group_.reset();
  if (coordinator_) note(co_await coordinator_->close());
  coordinator_.reset();
  if (client_) note(co_await client_->close());
  client_.reset();
  co_return first;
}

bool Session::is_drained() const {
  const auto targets = group_->status();
  return group_->unsettled() == 0 && std::ranges::all_of(targets, [](const TargetStatus& target) {
           const bool waits_for_people = target.tasks == 0 && target.dead_letters > 0;
           return target.caught_up || waits_for_people || target.state == State::paused ||
                  target.health == Health::unhealthy;
         });
}

CloseReport Session::report() const {
  CloseReport report{.unsettled = group_->unsettled()};
  for (const TargetStatus& target : group_->status()) {
    if (target.caught_up) continue;
    report.backlogs.push_back(
        {.target = target.name, .tasks = target.tasks, .dead_letters = target.dead_letters});
  }
  report.drained = report.unsettled == 0 && report.backlogs.empty();
  return report;
}

Context Session::unbounded() const {
  return Context(world_).with_cancel(cancel_.token()).with_retry_budget(budget_);
}

Context Session::context(Duration timeout, const std::string& request_id) const {
  const Duration own = timeout > Duration::zero() ? timeout : call_timeout_;
  const Context named = unbounded().with_request_id(request_id);
  return own > Duration::zero() ? named.with_timeout(own) : named;
}

/// A body that moves may take as long as its reader or writer likes.
Context Session::at_callers_pace(Duration timeout, const std::string& request_id) const {
  if (timeout > Duration::zero()) return context(timeout, request_id);
  return unbounded().with_request_id(request_id);
}

// Objects.

Task<Receipt> Session::put(const std::string& key, std::string_view body,
                           const WriteOptions& options) {
  const Context context = this->context(options.timeout, options.request_id);
  const replication::WriteOptions how = translate(options);
  ViewBody bytes(as_bytes(body));
  const replication::Incoming incoming{.body = &bytes, .size = body.size()};
  co_return co_await group_->put(context, key, incoming, how);
}

Task<Receipt> Session::put(const std::string& key, const Pipe& pipe, std::optional<Bytes> size,
                           const WriteOptions& options) {
  const Context context = at_callers_pace(options.timeout, options.request_id);
  const replication::WriteOptions how = translate(options);
  const std::unique_ptr<Body> body = pipe.body(context);
  const replication::Incoming incoming{.body = body.get(), .size = size};
  co_return co_await group_->put(context, key, incoming, how);
}

Task<Receipt> Session::remove(const std::string& key, const WriteOptions& options) {
  const Context context = this->context(options.timeout, options.request_id);
  const replication::WriteOptions how = translate(options);
  co_return co_await group_->remove(context, key, how);
}

Task<Object> Session::get(const std::string& key, const ReadOptions& options) {
  const Context context = this->context(options.timeout, options.request_id);
  const replication::ReadOptions how = route(options);
  GODWIT_CO_TRY(replication::ReadResult got, co_await group_->get(context, key, how));
  Object object;
  GODWIT_CO_TRY(object.body, co_await read_all(*got.object.body, options.max_bytes));
  object.head = {.info = std::move(got.object.info),
                 .version = std::move(got.version),
                 .from = std::move(got.from)};
  co_return object;
}

Task<Head> Session::head(const std::string& key, const ReadOptions& options) {
  const Context context = this->context(options.timeout, options.request_id);
  const replication::ReadOptions how = route(options);
  GODWIT_CO_TRY(replication::HeadResult head, co_await group_->head(context, key, how));
  co_return head_of(std::move(head));
}

Task<OpenBody> Session::open_body(const std::string& key, const ReadOptions& options) {
  const Context context = at_callers_pace(options.timeout, options.request_id);
  const replication::ReadOptions how = route(options);
  GODWIT_CO_TRY(replication::ReadResult got, co_await group_->get(context, key, how));
  OpenBody open{.ticket = ++last_ticket_};
  bodies_[open.ticket] = std::move(got.object.body);
  open.head = {.info = std::move(got.object.info),
               .version = std::move(got.version),
               .from = std::move(got.from)};
  co_return open;
}

Task<std::size_t> Session::read_body(Ticket ticket, MutableByteSpan into) {
  Use<Body> body(bodies_, ticket);
  if (body.get() == nullptr) co_return ended();
  co_return co_await read_full(*body.get(), into);
}

Task<Ticket> Session::open_listing(const ListRange& range) {
  const ListOptions options{.prefix = range.prefix, .start_after = range.start_after};
  listings_[++last_ticket_] = group_->list(options);
  co_return last_ticket_;
}

Task<std::vector<ListEntry>> Session::next_page(Ticket ticket) {
  const Context context = this->context({});
  Use<Listing> listing(listings_, ticket);
  if (listing.get() == nullptr) co_return ended();
  co_return co_await listing.get()->next(context);
}

Task<void> Session::end(Ticket ticket) {
  bodies_.erase(ticket);
  listings_.erase(ticket);
  const auto found = examinations_.find(ticket);
  if (found == examinations_.end()) co_return Result<void>();
  const std::unique_ptr<Examination> examination = std::move(found->second);
  examinations_.erase(found);
  co_await examination->stop();
  co_return Result<void>();
}

replication::ReadOptions Session::route(const ReadOptions& options) const {
  return {.preference = options.preference,
          .from = options.from,
          .region = options.region.empty() ? region_ : options.region,
          .range = options.range,
          .at_least = options.at_least};
}

// Targets.

Result<void> Session::check_target(const std::string& target) const {
  std::vector<std::string> names;
  for (TargetStatus& each : group_->status()) names.push_back(std::move(each.name));
  if (std::ranges::find(names, target) != names.end()) return {};
  if (target == group_->primary()) {
    return fail(Code::not_found, "'" + target + "' is no target: it is the primary");
  }
  return fail(Error(Code::not_found, "the group has no target '" + target + "'")
                  .with_hint(suggest(target, names)));
}

TargetStatus Session::status_of(const std::string& target) const {
  auto all = group_->status();
  const auto found = std::ranges::find(all, target, &TargetStatus::name);
  return found == all.end() ? TargetStatus{.name = target} : std::move(*found);
}

Task<Notice> Session::notice(const std::string& key) {
  const Context context = this->context({}, "notice");
  co_return co_await group_->notice(context, key);
}

Task<ScanReport> Session::scan(Duration timeout) {
  const Context context = this->context(timeout, "scan");
  co_return co_await group_->scan(context);
}

Task<void> Session::add_target(const ReplicaTarget& target) {
  const Context context = this->context({});
  GODWIT_CO_TRY(const Member member, member_of(target));
  GODWIT_CO_TRY(auto store, open_store(member, true));
  // It may be out of reach.
  (void)co_await make_place(context, member, *store);
  replication::TargetConfig config = target_of(target);
  co_return co_await group_->add_target(context, std::move(config), std::move(store));
}

Task<void> Session::remove_target(const std::string& target) {
  GODWIT_CO_CHECK(check_target(target));
  co_return co_await group_->remove_target(target);
}

Task<void> Session::pause(const std::string& target) {
  GODWIT_CO_CHECK(check_target(target));
  co_return group_->pause(target);
}

Task<void> Session::resume(const std::string& target) {
  GODWIT_CO_CHECK(check_target(target));
  co_return group_->resume(target);
}

Task<std::vector<DeadLetter>> Session::dead_letters(const std::string& target,
                                                    const std::string& start_after,
                                                    std::size_t most) {
  GODWIT_CO_CHECK(check_target(target));
  GODWIT_CO_TRY(const auto dead, co_await group_->dead_letters(target, start_after, most));
  std::vector<DeadLetter> letters;
  std::ranges::transform(dead, std::back_inserter(letters), letter_of);
  co_return letters;
}

Task<void> Session::redrive(const std::string& target, const std::string& key) {
  GODWIT_CO_CHECK(check_target(target));
  co_return group_->redrive(target, key);
}

Task<void> Session::resolve(const std::string& target, const std::string& key, Standing keep) {
  GODWIT_CO_CHECK(check_target(target));
  const Context context = this->context({});
  co_return co_await group_->resolve(context, target, key, keep);
}

Task<void> Session::add_merger(const std::string& name, Merger merger) {
  co_return group_->add_merger(name, std::move(merger));
}

Task<MoveReport> Session::move_primary(const MoveOptions& options) {
  if (!options.to.empty()) GODWIT_CO_CHECK(check_target(options.to));
  const Duration most = 2 * options.patience + std::max(call_timeout_, Duration::zero());
  const Context context = this->context(most, options.request_id);
  co_return co_await group_->move_primary(context, options);
}

// What there is to see.

Task<GroupStatus> Session::status() {
  co_return GroupStatus{.name = plan_.group.name,
                        .primary = group_->primary(),
                        .primary_health = group_->primary_health(),
                        .epoch = group_->epoch(),
                        .unsettled = group_->unsettled(),
                        .targets = group_->status()};
}

Task<std::vector<StoreProbe>> Session::probe() {
  const Context context = unbounded().with_request_id("probe");
  co_return co_await group_->probe(context);
}

Task<ReplicationMetrics> Session::metrics() { co_return group_->metrics(); }

Task<std::vector<Event>> Session::events() { co_return group_->events().recent(); }

Task<void> Session::subscribe(EventHandler handler) {
  group_->events().subscribe(std::move(handler));
  co_return Result<void>();
}

}  // namespace godwit::api
