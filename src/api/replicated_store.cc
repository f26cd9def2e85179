#include "godwit/replicated_store.h"

#include <exception>
#include <future>
#include <utility>

#include "api/pipe.h"
#include "api/store_impl.h"

namespace godwit {
namespace {

/// A piece of a body that is given to a sink.
constexpr std::size_t kPiece = 256 * kKiB;

}  // namespace

ReplicatedStore::ReplicatedStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ReplicatedStore>> ReplicatedStore::open(ReplicationConfig config) {
  GODWIT_CHECK(config.validate());
  auto impl = std::make_unique<Impl>(config);
  Impl& in = *impl;
  GODWIT_CHECK(in.call<void>([&] { return in.session.open(config); }));
  GODWIT_CHECK(in.call<void>(
      [&] { return in.session.subscribe([&in](const Event& event) { in.pump.push(event); }); }));
  return std::unique_ptr<ReplicatedStore>(new ReplicatedStore(std::move(impl)));
}

ReplicatedStore::~ReplicatedStore() {
  (void)api::thrown_by([this] { (void)close(); });
}

Result<CloseReport> ReplicatedStore::close(Duration drain_for) {
  Impl& in = *impl_;
  if (in.runner.on_engine_thread()) {
    return fail(Code::precondition_failed, "a store cannot be closed on its own thread");
  }
  if (!in.runner.refuse_calls()) return fail(Code::precondition_failed, "the store is closed");
  auto closed = in.runner.call_anyway<CloseReport>([&] { return in.session.close(drain_for); });
  in.pump.stop();
  return closed;
}

// Objects.

Result<Receipt> ReplicatedStore::put(std::string_view key, std::string_view body,
                                     const WriteOptions& options) {
  const std::string name(key);
  return impl_->call<Receipt>([&] { return impl_->session.put(name, body, options); });
}

Result<Receipt> ReplicatedStore::put(std::string_view key, const Source& source,
                                     std::optional<Bytes> size, const WriteOptions& options) {
  Impl& in = *impl_;
  if (in.runner.on_engine_thread()) return api::would_wait_for_itself();
  const std::string name(key);
  const api::Pipe pipe;
  std::promise<Result<Receipt>> promise;
  std::future<Result<Receipt>> receipt = promise.get_future();
  auto work = [&] { return in.session.put(name, pipe, size, options); };
  auto done = [pipe, promise = std::move(promise)](Result<Receipt> result) mutable {
    promise.set_value(std::move(result));
    pipe.close();
  };
  GODWIT_CHECK(in.runner.start<Receipt>(std::move(work), std::move(done)));
  std::exception_ptr thrown;
  try {
    pipe.serve(source, in.runner.world().executor());
  } catch (...) {
    thrown = std::current_exception();
  }
  auto result = receipt.get();
  if (thrown) std::rethrow_exception(thrown);
  return result;
}

Result<Receipt> ReplicatedStore::remove(std::string_view key, const WriteOptions& options) {
  const std::string name(key);
  return impl_->call<Receipt>([&] { return impl_->session.remove(name, options); });
}

Result<Object> ReplicatedStore::get(std::string_view key, const ReadOptions& options) {
  const std::string name(key);
  return impl_->call<Object>([&] { return impl_->session.get(name, options); });
}

Result<Head> ReplicatedStore::get(std::string_view key, const Sink& sink,
                                  const ReadOptions& options) {
  Impl& in = *impl_;
  const std::string name(key);
  GODWIT_TRY(api::OpenBody open,
             in.call<api::OpenBody>([&] { return in.session.open_body(name, options); }));
  const Impl::Ending ending(in, open.ticket);
  std::vector<std::byte> piece(kPiece);
  while (true) {
    GODWIT_TRY(const std::size_t size,
               in.call<std::size_t>([&] { return in.session.read_body(open.ticket, piece); }));
    if (size > 0) GODWIT_CHECK(sink(std::span(piece.data(), size)));
    if (size < piece.size()) return std::move(open.head);
  }
}

Result<Head> ReplicatedStore::head(std::string_view key, const ReadOptions& options) {
  const std::string name(key);
  return impl_->call<Head>([&] { return impl_->session.head(name, options); });
}

Result<bool> ReplicatedStore::exists(std::string_view key, const ReadOptions& options) {
  const auto head = this->head(key, options);
  if (head) return true;
  if (head.error().code() == Code::not_found) return false;
  return std::unexpected(head.error());
}

Result<void> ReplicatedStore::list(const ListRange& range, const ListSink& sink) {
  Impl& in = *impl_;
  GODWIT_TRY(const api::Ticket ticket,
             in.call<api::Ticket>([&] { return in.session.open_listing(range); }));
  const Impl::Ending ending(in, ticket);
  using Page = std::vector<ListEntry>;
  while (true) {
    GODWIT_TRY(const Page page, in.call<Page>([&] { return in.session.next_page(ticket); }));
    if (page.empty()) return {};
    for (const ListEntry& entry : page) {
      if (!sink(entry)) return {};
    }
  }
}

Result<void> ReplicatedStore::put_async(std::string key, std::string body, WriteOptions options,
                                        Callback<Receipt> callback) {
  auto work = [&session = impl_->session, key = std::move(key), body = std::move(body),
               options = std::move(options)] { return session.put(key, body, options); };
  return impl_->start<Receipt>(std::move(work), std::move(callback));
}

Result<void> ReplicatedStore::get_async(std::string key, ReadOptions options,
                                        Callback<Object> callback) {
  auto work = [&session = impl_->session, key = std::move(key), options = std::move(options)] {
    return session.get(key, options);
  };
  return impl_->start<Object>(std::move(work), std::move(callback));
}

Result<void> ReplicatedStore::remove_async(std::string key, WriteOptions options,
                                           Callback<Receipt> callback) {
  auto work = [&session = impl_->session, key = std::move(key), options = std::move(options)] {
    return session.remove(key, options);
  };
  return impl_->start<Receipt>(std::move(work), std::move(callback));
}

// What others do.

Result<Notice> ReplicatedStore::notice(std::string_view key) {
  const std::string name(key);
  return impl_->call<Notice>([&] { return impl_->session.notice(name); });
}

Result<ScanReport> ReplicatedStore::scan(Duration timeout) {
  return impl_->call<ScanReport>([&] { return impl_->session.scan(timeout); });
}

// Targets.

Result<void> ReplicatedStore::add_target(const ReplicaTarget& target) {
  return impl_->call<void>([&] { return impl_->session.add_target(target); });
}

Result<void> ReplicatedStore::remove_target(std::string_view target) {
  const std::string name(target);
  return impl_->call<void>([&] { return impl_->session.remove_target(name); });
}

Result<void> ReplicatedStore::pause(std::string_view target) {
  const std::string name(target);
  return impl_->call<void>([&] { return impl_->session.pause(name); });
}

Result<void> ReplicatedStore::resume(std::string_view target) {
  const std::string name(target);
  return impl_->call<void>([&] { return impl_->session.resume(name); });
}

Result<SyncReport> ReplicatedStore::full_sync(std::string_view target, Duration timeout,
                                              const std::stop_token& stop,
                                              const ProgressSink& progress) {
  const std::string name(target);
  const auto report = std::make_shared<SyncReport>();
  GODWIT_TRY(const api::Ticket ticket, impl_->call<api::Ticket>([&] {
    return impl_->session.open_full_sync(name, timeout, report);
  }));
  GODWIT_CHECK(impl_->follow(ticket, {}, progress, stop));
  return *report;
}

Result<std::vector<DeadLetter>> ReplicatedStore::dead_letters(std::string_view target,
                                                              std::string_view start_after,
                                                              std::size_t most) {
  const std::string name(target);
  const std::string after(start_after);
  return impl_->call<std::vector<DeadLetter>>(
      [&] { return impl_->session.dead_letters(name, after, most); });
}

Result<void> ReplicatedStore::redrive(std::string_view target, std::string_view key) {
  const std::string name(target);
  const std::string what(key);
  return impl_->call<void>([&] { return impl_->session.redrive(name, what); });
}

Result<void> ReplicatedStore::resolve(std::string_view target, std::string_view key,
                                      Standing keep) {
  const std::string name(target);
  const std::string what(key);
  return impl_->call<void>([&] { return impl_->session.resolve(name, what, keep); });
}

Result<void> ReplicatedStore::add_merger(const std::string& name, Merger merger) {
  return impl_->call<void>([&] { return impl_->session.add_merger(name, std::move(merger)); });
}

// The primary.

Result<MoveReport> ReplicatedStore::move_primary(const MoveOptions& options) {
  return impl_->call<MoveReport>([&] { return impl_->session.move_primary(options); });
}

// What there is to see.

Result<GroupStatus> ReplicatedStore::status() {
  GODWIT_TRY(GroupStatus status, impl_->call<GroupStatus>([&] { return impl_->session.status(); }));
  status.handler_errors = impl_->callback_errors + impl_->pump.errors();
  status.events_dropped = impl_->pump.dropped();
  return status;
}

Result<std::vector<StoreProbe>> ReplicatedStore::probe() {
  return impl_->call<std::vector<StoreProbe>>([&] { return impl_->session.probe(); });
}

Result<ReplicationMetrics> ReplicatedStore::metrics() {
  return impl_->call<ReplicationMetrics>([&] { return impl_->session.metrics(); });
}

Result<std::vector<Event>> ReplicatedStore::events() {
  return impl_->call<std::vector<Event>>([&] { return impl_->session.events(); });
}

Result<std::uint64_t> ReplicatedStore::on_event(EventHandler handler) {
  if (!handler) return fail(Code::invalid_argument, "an empty handler");
  return impl_->pump.add(std::move(handler));
}

void ReplicatedStore::remove_handler(std::uint64_t handler) { impl_->pump.remove(handler); }

}  // namespace godwit
