#include "store/coding/coded_multipart.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "store/receive.h"

namespace godwit::coding {
namespace {

/// So much must be in order before it is coded: until then parts may be replaced.
constexpr Bytes kRun = kInHand;

std::string etag_of(const std::string& bytes) {
  Xxh128 hash;
  hash.update(as_bytes(bytes));
  // Nobody takes it for an MD5.
  return "x" + to_hex(hash.finish());
}

std::unexpected<Error> no_such_upload() { return fail(Code::not_found, "there is no such upload"); }

std::unexpected<Error> not_that_part(std::uint32_t number) {
  return fail(Code::invalid_argument,
              "part " + std::to_string(number) + " is not the one that arrived");
}

}  // namespace

/// One upload that is under way.
class CodedMultipart::Open {
 public:
  /// `held`: of all uploads; outlives this.
  Open(World& world, Store& inner, const UploadId& upload, const Coding& how, Bytes& held)
      : id(upload),
        coding(how),
        world_(world),
        held_in_all_(held),
        coded_(world, inner, upload, how),
        moved_at_(world.mono_now()) {}

  Open(Open&&) = delete;
  ~Open() { held_in_all_ -= held_; }

  [[nodiscard]] Task<PartInfo> put(const Context& context, std::uint32_t number, Upload part);
  [[nodiscard]] std::vector<PartInfo> parts() const;
  /// Codes and sends all of `wanted`.
  [[nodiscard]] Task<void> finish(const Context& context, std::span<const PartInfo> wanted);
  void end() {
    gone_ = true;
    changed();
  }
  [[nodiscard]] CodedUpload& coded() { return coded_; }

  const UploadId id;
  const Coding coding;
  std::string etag;  ///< that the whole has, as its writer says

 private:
  struct Part {
    PartInfo info;
    std::optional<std::string> bytes;  // absent: it is coded
  };

  [[nodiscard]] Task<void> admit(const Context& context, std::uint32_t number, Bytes size);
  [[nodiscard]] bool fits(std::uint32_t number, Bytes size) const;
  [[nodiscard]] Result<PartInfo> hold(std::uint32_t number, std::string bytes);
  [[nodiscard]] Bytes run() const;
  [[nodiscard]] Task<void> code(const Context& context, Bytes least);
  [[nodiscard]] Task<void> code_next(const Context& context);
  [[nodiscard]] Task<void> code_rest(const Context& context, std::span<const PartInfo> wanted);
  [[nodiscard]] Result<void> check(std::span<const PartInfo> wanted) const;
  [[nodiscard]] Task<void> wait(const Context& context, MonoTime until);
  void changed() { std::exchange(heard_, CancelSource()).cancel(); }
  void take(Bytes size) {
    held_ += size;
    held_in_all_ += size;
  }
  void let_go(Bytes size) {
    held_ -= size;
    held_in_all_ -= size;
  }

  World& world_;
  Bytes& held_in_all_;
  CodedUpload coded_;
  std::map<std::uint32_t, Part> parts_;
  std::uint32_t next_ = 1;  // to be coded
  Bytes held_ = 0;          // of parts that are not coded, or are being read
  bool busy_ = false;       // somebody codes
  bool gone_ = false;
  MonoTime moved_at_;
  CancelSource heard_;  // for all who wait
};

Task<PartInfo> CodedMultipart::Open::put(const Context& context, std::uint32_t number,
                                         Upload part) {
  GODWIT_CO_CHECK(co_await admit(context, number, part.size));
  take(part.size);
  Result<std::string> bytes = co_await read_exactly(part);
  let_go(part.size);
  changed();
  if (!bytes) co_return fail(std::move(bytes).error());
  if (gone_) co_return no_such_upload();
  GODWIT_CO_CHECK(context.check());
  GODWIT_CO_TRY(PartInfo info, hold(number, *std::move(bytes)));
  GODWIT_CO_CHECK(co_await code(context, kRun));
  co_return info;
}

Task<void> CodedMultipart::Open::admit(const Context& context, std::uint32_t number, Bytes size) {
  while (!fits(number, size)) {
    // Who is at work has a deadline of its own.
    const MonoTime until = busy_ ? kNoDeadline : moved_at_ + kPatience;
    GODWIT_CO_CHECK(co_await wait(context, until));
    if (gone_) co_return no_such_upload();
    if (!busy_ && world_.mono_now() >= moved_at_ + kPatience) {
      co_return fail(Error(Code::unavailable,
                           "part " + std::to_string(number) + " waited in vain for those before it")
                         .with(Retry::later)
                         .with_hint("send parts in order, without gaps, the earlier ones first"));
    }
  }
  co_return Result<void>();
}

/// The one that all wait for always does, once nobody is at work.
bool CodedMultipart::Open::fits(std::uint32_t number, Bytes size) const {
  const bool has_room = held_ + size <= kMostHeld && held_in_all_ + size <= kMostHeldInAll;
  if (has_room) return true;
  std::uint32_t missing = next_;
  while (parts_.contains(missing)) ++missing;
  return number <= missing && !busy_;
}

Result<PartInfo> CodedMultipart::Open::hold(std::uint32_t number, std::string bytes) {
  PartInfo info{.number = number, .size = bytes.size(), .etag = etag_of(bytes)};
  const auto found = parts_.find(number);
  if (found != parts_.end() && !found->second.bytes) {
    if (found->second.info.etag == info.etag) return info;
    return fail(Error(Code::invalid_argument,
                      "part " + std::to_string(number) + " was coded already, with other bytes")
                    .with_hint("begin the upload anew"));
  }
  if (found != parts_.end()) let_go(found->second.info.size);
  take(info.size);
  parts_[number] = {.info = info, .bytes = std::move(bytes)};
  moved_at_ = world_.mono_now();
  return info;
}

/// Bytes that are held in order.
Bytes CodedMultipart::Open::run() const {
  Bytes size = 0;
  for (auto part = parts_.find(next_); part != parts_.end(); ++part) {
    if (part->first != next_ && part->first != std::prev(part)->first + 1) break;
    size += part->second.info.size;
  }
  return size;
}

/// Codes while `least` bytes are in order; unless somebody does so already.
Task<void> CodedMultipart::Open::code(const Context& context, Bytes least) {
  if (busy_) co_return Result<void>();
  busy_ = true;
  Result<void> done;
  while (done && parts_.contains(next_) && run() >= least) done = co_await code_next(context);
  busy_ = false;
  moved_at_ = world_.mono_now();
  changed();
  co_return done;
}

Task<void> CodedMultipart::Open::code_next(const Context& context) {
  Part& part = parts_[next_++];
  std::string bytes = *std::exchange(part.bytes, std::nullopt);
  const Bytes size = bytes.size();
  Result<void> added = co_await coded_.add(context, std::move(bytes));
  let_go(size);
  moved_at_ = world_.mono_now();
  changed();
  co_return added;
}

std::vector<PartInfo> CodedMultipart::Open::parts() const {
  std::vector<PartInfo> arrived;
  for (const auto& [number, part] : parts_) arrived.push_back(part.info);
  return arrived;
}

Result<void> CodedMultipart::Open::check(std::span<const PartInfo> wanted) const {
  GODWIT_CHECK(check_parts(wanted));
  for (const PartInfo& part : wanted) {
    const auto found = parts_.find(part.number);
    if (found == parts_.end() || found->second.info.etag != part.etag) {
      return not_that_part(part.number);
    }
    const bool late = coded_.finished() || part.number < next_;
    if (found->second.bytes && late) {
      return fail(Code::invalid_argument,
                  "part " + std::to_string(part.number) + " came after those behind it were coded");
    }
  }
  for (const auto& [number, part] : parts_) {
    const bool listed = std::ranges::find(wanted, number, &PartInfo::number) != wanted.end();
    if (!part.bytes && !listed) {
      return fail(Code::invalid_argument,
                  "part " + std::to_string(number) + " was coded already, and cannot be left out");
    }
  }
  return {};
}

Task<void> CodedMultipart::Open::finish(const Context& context, std::span<const PartInfo> wanted) {
  while (busy_) GODWIT_CO_CHECK(co_await wait(context, kNoDeadline));
  GODWIT_CO_CHECK(check(wanted));
  busy_ = true;
  Result<void> done = co_await code_rest(context, wanted);
  busy_ = false;
  changed();
  co_return done;
}

Task<void> CodedMultipart::Open::code_rest(const Context& context,
                                           std::span<const PartInfo> wanted) {
  for (const PartInfo& part : wanted) {
    if (part.number < next_) continue;
    // Those between were not wanted.
    next_ = part.number;
    GODWIT_CO_CHECK(co_await code_next(context));
  }
  co_return co_await coded_.finish(context);
}

/// Until anything has changed, or the time has come.
Task<void> CodedMultipart::Open::wait(const Context& context, MonoTime until) {
  const CancelScope either(context, heard_.token());
  const MonoTime first = std::min(context.deadline(), until);
  (void)co_await world_.sleep_until(first, either.context().cancel());
  co_return context.check();
}

CodedMultipart::CodedMultipart(World& world, Store& inner, Writing& writing)
    : world_(world), inner_(inner), writing_(writing) {}

CodedMultipart::~CodedMultipart() = default;

Result<std::shared_ptr<CodedMultipart::Open>> CodedMultipart::find(const UploadId& upload) const {
  const auto found = open_.find(upload.id);
  if (found == open_.end() || found->second->id.key != upload.key) return no_such_upload();
  return found->second;
}

Task<UploadId> CodedMultipart::create(const Context& context, const std::string& key,
                                      const PutOptions& options) {
  GODWIT_CO_CHECK(check_unmarked(options.metadata));
  if (!writing_.changes()) co_return co_await inner_.multipart()->create(context, key, options);
  if (open_.size() >= kMost) {
    co_return fail(Error(Code::limit_exceeded, "too many uploads are open").with(Retry::later));
  }
  const Coding coding = writing_.new_coding();
  const PutOptions here = writing_.marked(options, coding, std::nullopt, options.content_etag);
  GODWIT_CO_TRY(UploadId begun, co_await inner_.multipart()->create(context, key, here));
  auto open = std::make_shared<Open>(world_, inner_, begun, coding, held_);
  open->etag = options.content_etag;
  open_[begun.id] = std::move(open);
  co_return begun;
}

Task<PartInfo> CodedMultipart::put_part(const Context& context, const UploadId& upload,
                                        PartPlace place, Upload part) {
  if (!writing_.changes()) {
    co_return co_await inner_.multipart()->put_part(context, upload, place, part);
  }
  GODWIT_CO_CHECK(context.check());
  GODWIT_CO_TRY(const std::shared_ptr<Open> open, find(upload));
  if (place.number == 0 || part.size > kLargestPart) {
    co_return fail(Code::invalid_argument,
                   "parts are numbered from 1 and have at most " + format_bytes(kLargestPart));
  }
  co_return co_await open->put(context, place.number, part);
}

/// Through us: what is stored elsewhere is not coded as this is.
Task<PartInfo> CodedMultipart::copy_part(const Context& context, const UploadId& upload,
                                         PartPlace place, const CopySource& source) {
  const GetOptions options{.range = source.range, .if_match = source.if_match};
  GODWIT_CO_TRY(GetResult got, co_await source.store->get(context, source.key, options));
  GODWIT_CO_TRY(const ByteRange range, resolve_range(options, got.info.size));
  const Upload part{got.body.get(), range.size};
  co_return co_await put_part(context, upload, place, part);
}

Task<std::vector<PartInfo>> CodedMultipart::parts(const Context& context, const UploadId& upload) {
  if (!writing_.changes()) co_return co_await inner_.multipart()->parts(context, upload);
  GODWIT_CO_CHECK(context.check());
  GODWIT_CO_TRY(const std::shared_ptr<Open> open, find(upload));
  co_return open->parts();
}

Task<PutResult> CodedMultipart::complete(const Context& context, const UploadId& upload,
                                         std::span<const PartInfo> parts,
                                         const PutOptions& options) {
  GODWIT_CO_TRY(const PutOptions here, co_await writing_.translated(context, upload.key, options));
  if (!writing_.changes()) {
    co_return co_await inner_.multipart()->complete(context, upload, parts, here);
  }
  GODWIT_CO_CHECK(context.check());
  GODWIT_CO_TRY(const std::shared_ptr<Open> open, find(upload));
  GODWIT_CO_CHECK(co_await open->finish(context, parts));
  const PutOptions marked = writing_.marked(here, open->coding, std::nullopt, open->etag);
  GODWIT_CO_TRY(const PutResult stored, co_await open->coded().complete(context, marked));
  open_.erase(upload.id);
  open->end();
  co_return Writing::told(stored, open->etag, open->coded().md5());
}

Task<void> CodedMultipart::abort(const Context& context, const UploadId& upload) {
  if (const auto open = find(upload)) {
    open_.erase(upload.id);
    (*open)->end();
  }
  co_return co_await inner_.multipart()->abort(context, upload);
}

Task<std::vector<UploadId>> CodedMultipart::list(const Context& context,
                                                 const std::string& prefix) {
  co_return co_await inner_.multipart()->list(context, prefix);
}

}  // namespace godwit::coding
