#include "transfer/part_upload.h"

#include <utility>
#include <vector>

#include "transfer/part_tries.h"

namespace godwit::transfer {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatienceToFree = 5s;

}  // namespace

PartUpload::PartUpload(const Context& context, Store& store, std::string key, PutOptions options,
                       Duration patience)
    : context_(context),
      multipart_(*store.multipart()),
      options_(std::move(options)),
      patience_(patience),
      stopped_(context.cancel()),
      upload_{.key = std::move(key), .id = {}, .started = {}},
      more_(context.world().executor()) {
  context_ = context.with_cancel(stopped_.token());
}

asio::awaitable<void> PartUpload::run() {
  const auto waking = stopped_.token().on_cancel([this] { more_.notify_all(); });
  auto created = co_await multipart_.create(context_, upload_.key, options_);
  if (created) {
    upload_ = *std::move(created);
    TaskGroup streams(context_.world().executor());
    for (std::size_t i = 0; i < kStreams; ++i) streams.spawn(stream());
    co_await streams.join();
  } else {
    error_ = std::move(created).error();
  }
  if (!error_ && stopped_.token().cancelled()) error_ = Error(Code::cancelled, "it was stopped");
  pending_.clear();
  ended_ = true;
  changed();
}

asio::awaitable<void> PartUpload::stream() {
  while (!error_ && !stopped_.token().cancelled()) {
    if (pending_.empty() && sealed_) break;
    if (pending_.empty()) {
      co_await more_.wait();
      continue;
    }
    const BodyPart part = std::move(pending_.front());
    pending_.pop_front();
    ++sending_;
    auto sent = co_await send(part);
    --sending_;
    if (sent) {
      arrived_[part.place.number] = *std::move(sent);
    } else if (!error_) {
      error_ = std::move(sent).error();
      more_.notify_all();
    }
    changed();
  }
}

Task<PartInfo> PartUpload::send(const BodyPart& part) {
  std::uint64_t retries = 0;
  auto send = [this, &part] { return send_once(part); };
  co_return co_await send_with_tries(context_, send, retries);
}

Task<PartInfo> PartUpload::send_once(const BodyPart& part) {
  ViewBody body(as_bytes(*part.bytes));
  const Upload upload{.body = &body, .size = part.bytes->size()};
  const Context patient = context_.with_timeout(patience_);
  co_return co_await multipart_.put_part(patient, upload_, part.place, upload);
}

void PartUpload::add(BodyPart part) {
  if (error_ || ended_) return;
  pending_.push_back(std::move(part));
  more_.notify_one();
}

void PartUpload::seal() {
  sealed_ = true;
  more_.notify_all();
}

Task<void> PartUpload::until_behind(const Context& context, std::size_t most) {
  while (!error_ && behind() > most) GODWIT_CO_CHECK(co_await wait(context));
  if (error_) co_return fail(Error(*error_));
  co_return Result<void>();
}

Task<void> PartUpload::until_sent(const Context& context) {
  while (!ended_) GODWIT_CO_CHECK(co_await wait(context));
  if (error_) co_return fail(Error(*error_));
  co_return Result<void>();
}

Task<PutResult> PartUpload::complete(const Context& context, const Precondition& replaced) {
  std::vector<PartInfo> parts;
  for (const auto& [number, part] : arrived_) parts.push_back(part);
  PutOptions options = options_;
  options.condition = replaced.condition;
  options.etag = replaced.etag;
  co_return co_await multipart_.complete(context, upload_, parts, options);
}

asio::awaitable<void> PartUpload::stop() {
  stopped_.cancel();
  const Context until_it_has(context_.world());
  while (!ended_) (void)co_await wait(until_it_has);
}

asio::awaitable<void> PartUpload::abandon() {
  co_await stop();
  if (upload_.id.empty()) co_return;
  const Context last = Context(context_.world()).with_timeout(kPatienceToFree);
  (void)co_await multipart_.abort(last, upload_);
}

std::optional<std::string> PartUpload::id() const {
  if (upload_.id.empty()) return std::nullopt;
  return upload_.id;
}

/// Until anything has changed.
Task<void> PartUpload::wait(const Context& context) {
  const CancelScope either(context, heard_.token());
  (void)co_await context.world().sleep_until(context.deadline(), either.context().cancel());
  co_return context.check();
}

void PartUpload::changed() { std::exchange(heard_, CancelSource()).cancel(); }

}  // namespace godwit::transfer
