#include <charconv>
#include <utility>

#include "service/api.h"
#include "service/body_pipe.h"
#include "service/service.h"
#include "service/shapes.h"
#include "world/callback.h"
#include "world/real/real_thread.h"
#include "world/signal.h"

namespace godwit::service {
namespace {

/// Of an object that is sent; larger ones go in more than one read of the store.
constexpr Bytes kPiece = 4 * kMiB;
/// Bodies up to this size are held whole, all of them together up to `kBodiesHeld`; larger ones,
/// and those of an unknown size, are stored while they come in, by `kMostUploads` threads at most.
constexpr Bytes kLargestSmall = 4 * kMiB;
constexpr Bytes kBodiesHeld = 64 * kMiB;
constexpr Bytes kMostUploads = 16;
constexpr std::size_t kPipePiece = 256 * kKiB;
constexpr std::uint64_t kMostListed = 1000;
constexpr std::string_view kMetaPrefix = "x-godwit-meta-";

Error busy(const std::string& why) {
  return Error(Code::throttled, why).with(Retry::later).with_retry_after(std::chrono::seconds(1));
}

Result<Duration> timeout_of(const Call& call) {
  GODWIT_TRY(const auto timeout, duration_argument("timeout", call.argument("timeout")));
  return timeout.value_or(call.service.config().api.request_timeout);
}

Result<ReadOptions> read_options(const Call& call) {
  ReadOptions options{
      .from = call.argument("from"), .region = call.argument("region"), .request_id = call.id};
  if (const std::string preference = call.argument("preference"); !preference.empty()) {
    GODWIT_TRY(options.preference, parse_read_preference(preference));
  }
  GODWIT_TRY(options.at_least, version_argument("at_least", call.argument("at_least")));
  GODWIT_TRY(options.timeout, timeout_of(call));
  return options;
}

Result<WriteOptions> write_options(const Call& call) {
  WriteOptions options{.request_id = call.id};
  if (const std::string mode = call.argument("mode"); !mode.empty()) {
    GODWIT_TRY(options.mode, parse_mode(mode));
  }
  const std::string expected = call.argument("expected");
  if (expected == "absent") {
    options.expected = Expected{};
  } else if (!expected.empty()) {
    GODWIT_TRY(auto version, version_argument("expected", expected));
    options.expected = Expected{.version = std::move(version)};
  }
  GODWIT_TRY(options.timeout, timeout_of(call));
  return options;
}

/// What the headers of a put say of the object.
Metadata metadata_of(const http::Headers& headers) {
  Metadata metadata;
  const auto text = [&headers](const char* name) {
    return std::string(headers.find(name).value_or(""));
  };
  metadata.content_type = text("Content-Type");
  metadata.cache_control = text("Cache-Control");
  metadata.content_disposition = text("Content-Disposition");
  metadata.content_encoding = text("Content-Encoding");
  metadata.content_language = text("Content-Language");
  metadata.expires = text("Expires");
  for (const auto& [name, value] : headers.fields()) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower.starts_with(kMetaPrefix)) metadata.user[lower.substr(kMetaPrefix.size())] = value;
  }
  return metadata;
}

http::Headers headers_of(const Head& head) {
  http::Headers headers;
  const auto set = [&headers](const char* name, const std::string& value) {
    if (!value.empty()) headers.set(name, value);
  };
  const Metadata& metadata = head.info.metadata;
  headers.set("Content-Type",
              metadata.content_type.empty() ? "application/octet-stream" : metadata.content_type);
  set("Cache-Control", metadata.cache_control);
  set("Content-Disposition", metadata.content_disposition);
  set("Content-Encoding", metadata.content_encoding);
  set("Content-Language", metadata.content_language);
  set("Expires", metadata.expires);
  if (!head.info.etag.empty()) headers.set("ETag", "\"" + head.info.etag + "\"");
  headers.set("Last-Modified", http::http_date(head.info.modified));
  headers.set("X-Godwit-Version", head.version.to_text());
  headers.set("X-Godwit-From", head.from);
  // A page that somebody stored must not run with the rights of this API.
  headers.set("Content-Security-Policy", "sandbox");
  headers.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : metadata.user) {
    headers.add(std::string(kMetaPrefix) + name, value);
  }
  return headers;
}

/// "bytes=5-9", "bytes=5-", "bytes=-5" of an object of `size` bytes; nothing: all of it, also for
/// what we do not understand, as HTTP has it.
std::optional<ByteRange> range_of(std::string_view text, Bytes size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits) -> std::optional<Bytes> {
    Bytes value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    return whole ? std::optional(value) : std::nullopt;
  };
  const auto first = number(text.substr(0, dash));
  const auto last = number(text.substr(dash + 1));
  if (!first && !last) return std::nullopt;
  if (!first)
    return ByteRange{.offset = size - std::min(size, *last), .size = std::min(size, *last)};
  if (last && *last < *first) return std::nullopt;
  const Bytes end = last ? std::min(size, *last + 1) : size;
  return ByteRange{.offset = *first, .size = end > *first ? end - *first : 0};
}

Task<Object> get_piece(Call& call, ReplicatedStore& store, ReadOptions options) {
  auto start = [&store, key = call.path["key"], options](auto callback) {
    return store.get_async(key, options, std::move(callback));
  };
  co_return co_await await_callback<Object>(call.service.world(), std::move(start));
}

Task<Head> look(Call& call, ReplicatedStore& store, const ReadOptions& options) {
  auto work = [&store, key = call.path["key"], options] { return store.head(key, options); };
  co_return co_await call.service.calls().slow(std::move(work));
}

/// Sends `range` of the object that `head` tells of; breaks off when it is another one meanwhile.
Task<void> send_range(Call& call, ReplicatedStore& store, ReadOptions options, const Head& head,
                      ByteRange range) {
  while (range.size > 0) {
    const Bytes size = std::min(range.size, kPiece);
    const bool all = size == head.info.size;
    options.range = all ? std::nullopt : std::optional(ByteRange{range.offset, size});
    const Result<Object> piece = co_await get_piece(call, store, options);
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->head.version != head.version || piece->body.size() != size) {
      co_return fail(Code::unavailable, "the object has changed meanwhile");
    }
    GODWIT_CO_CHECK(co_await call.exchange.send(as_bytes(piece->body)));
    range.offset += size;
    range.size -= size;
  }
  co_return co_await call.exchange.end();
}

Task<Reply> get_object(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  GODWIT_CO_TRY(const ReadOptions options, read_options(call));
  GODWIT_CO_TRY(const Head head, co_await look(call, *group->store, options));
  const auto wanted =
      range_of(call.exchange.head().headers.find("Range").value_or(""), head.info.size);
  http::Answer answer{.status = wanted ? 206U : 200U, .headers = headers_of(head)};
  answer.headers.set("X-Request-Id", call.id);
  answer.headers.set("Accept-Ranges", "bytes");
  const ByteRange range = wanted.value_or(ByteRange{.offset = 0, .size = head.info.size});
  const std::string total = "/" + std::to_string(head.info.size);
  if (wanted && range.size == 0) {
    Reply reply =
        error_reply(Error(Code::invalid_argument, "no byte of it is in that range"), call.id);
    reply.status = 416;
    reply.headers.set("Content-Range", "bytes *" + total);
    co_return reply;
  }
  if (wanted) {
    answer.headers.set("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                            std::to_string(range.offset + range.size - 1) + total);
  }
  Reply reply{.status = answer.status, .sent = true};
  GODWIT_CO_CHECK(co_await call.exchange.begin(std::move(answer), {range.size}));
  if (call.exchange.head().method == "HEAD") {
    GODWIT_CO_CHECK(co_await call.exchange.end());
    co_return reply;
  }
  GODWIT_CO_CHECK(co_await send_range(call, *group->store, options, head, range));
  co_return reply;
}

/// A write's answer. Where it took effect without enough acknowledgements the receipt says who has
/// it.
Result<Reply> answer_write(const Call& call, const Result<Receipt>& written,
                           const Receipt& receipt) {
  Reply reply;
  if (written) {
    reply.body = shape(*written);
    return reply;
  }
  reply = error_reply(written.error(), call.id);
  const bool conditional = !call.argument("expected").empty();
  if (conditional && written.error().code() == Code::precondition_failed) reply.status = 412;
  if (written.error().outcome() == Outcome::applied) reply.body["receipt"] = shape(receipt);
  return reply;
}

/// A body that is held whole: one call of the library, and none of its threads waits.
Task<Receipt> put_small(Call& call, ReplicatedStore& store, const WriteOptions& options) {
  const Bytes size = call.exchange.body_size().value_or(0);
  const auto share = call.service.bodies().take(size, kBodiesHeld);
  if (!share) co_return fail(busy("too many bodies are held"));
  GODWIT_CO_TRY(std::string body, co_await call.exchange.read_body(size));
  auto start = [&store, key = call.path["key"], body = std::move(body),
                options](auto callback) mutable {
    return store.put_async(key, std::move(body), options, std::move(callback));
  };
  co_return co_await await_callback<Receipt>(call.service.world(), std::move(start));
}

/// Moves a body from the client into the pipe.
asio::awaitable<void> feed(http::Exchange& exchange, BodyPipe& pipe, Bytes most) {
  Bytes total = 0;
  for (;;) {
    std::string piece(kPipePiece, '\0');
    const MutableByteSpan room = std::as_writable_bytes(std::span(piece));
    const Result<std::size_t> count = co_await exchange.read(room);
    if (!count || *count == 0) {
      pipe.finish(count ? std::nullopt : std::optional(count.error()));
      co_return;
    }
    total += *count;
    if (total > most) {
      pipe.finish(Error(Code::limit_exceeded, "the body is larger than " + format_bytes(most)));
      co_return;
    }
    piece.resize(*count);
    const bool taken = co_await pipe.push(std::move(piece));
    if (!taken) co_return;
  }
}

/// A body that is stored while it comes in, by a thread of its own.
Task<Receipt> put_large(Call& call, ReplicatedStore& store, const WriteOptions& options) {
  Service& service = call.service;
  const auto share = service.uploads().take(1, kMostUploads);
  if (!share) co_return fail(busy("too many large bodies are on their way"));
  const auto pipe = std::make_shared<BodyPipe>(service.world());
  RealThread thread;
  auto start = [&store, &thread, pipe, key = call.path["key"], options,
                size = call.exchange.body_size()](auto callback) -> Result<void> {
    thread =
        RealThread([&store, pipe, key, options, size, callback = std::move(callback)]() mutable {
          auto written = store.put(
              key, [&pipe](MutableByteSpan into) { return pipe->pull(into); }, size, options);
          pipe->close();
          callback(std::move(written));
        });
    return {};
  };
  TaskGroup feeding(service.world().executor());
  feeding.spawn(feed(call.exchange, *pipe, service.config().api.max_body));
  auto written = co_await await_callback<Receipt>(service.world(), std::move(start));
  co_await feeding.join();
  co_return written;
}

Task<Reply> put_object(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  GODWIT_CO_TRY(WriteOptions options, write_options(call));
  options.metadata = metadata_of(call.exchange.head().headers);
  const Bytes most = call.service.config().api.max_body;
  const auto announced = call.exchange.body_size();
  if (announced.value_or(0) > most) {
    co_return fail(Code::limit_exceeded, "the body is larger than " + format_bytes(most));
  }
  Receipt receipt;
  options.receipt = &receipt;
  const bool small = announced && *announced <= kLargestSmall;
  // The time of a large one is that of its client, unless he says otherwise.
  if (!small && call.argument("timeout").empty()) options.timeout = {};
  auto work =
      small ? put_small(call, *group->store, options) : put_large(call, *group->store, options);
  const Result<Receipt> written = co_await std::move(work);
  if (!written && written.error().code() == Code::limit_exceeded) {
    co_return std::unexpected(written.error());
  }
  co_return answer_write(call, written, receipt);
}

Task<Reply> remove_object(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  GODWIT_CO_TRY(WriteOptions options, write_options(call));
  Receipt receipt;
  options.receipt = &receipt;
  auto start = [store = group->store.get(), key = call.path["key"], options](auto callback) {
    return store->remove_async(key, options, std::move(callback));
  };
  const Result<Receipt> written =
      co_await await_callback<Receipt>(call.service.world(), std::move(start));
  co_return answer_write(call, written, receipt);
}

Task<Reply> list_objects(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  const std::uint64_t most =
      std::clamp<std::uint64_t>(count_argument(call, "limit", kMostListed), 1, kMostListed);
  const ListRange range{.prefix = call.argument("prefix"),
                        .start_after = call.argument("start_after")};
  auto work = [store = group->store.get(), range, most]() -> Result<Json> {
    Json found{{"objects", Json::array()}, {"more", false}};
    GODWIT_CHECK(store->list(range, [&found, most](const ListEntry& entry) {
      if (found["objects"].size() == most) {
        found["more"] = true;
        return false;
      }
      found["objects"].push_back(shape(entry));
      return true;
    }));
    return found;
  };
  auto found = co_await call.service.calls().slow(std::move(work));
  if (!found) co_return std::unexpected(std::move(found).error());
  Reply reply;
  reply.body = *std::move(found);
  co_return reply;
}

}  // namespace

std::vector<Route> object_routes() {
  const std::string all = "/api/v1/groups/{group}/objects";
  const std::string one = all + "/{key...}";
  const Argument timeout{.name = "timeout", .help = "such as 10s"};
  const std::vector<Argument> reads = {
      {.name = "preference", .help = "primary, secondary, nearest, any or secondary_only"},
      {.name = "from", .help = "a store by its name: it alone, though it may be old"},
      {.name = "region", .help = "the reader's, for nearest"},
      {.name = "at_least", .help = "a version, of a receipt: an older object is no answer"},
      timeout};
  const std::vector<Argument> writes = {
      {.name = "mode", .help = "sync, semi_sync or async"},
      {.name = "expected", .help = "absent, or the version that the primary must hold"},
      timeout};
  return {{.method = "GET",
           .path = all,
           .work = list_objects,
           .summary = "Objects of the primary, in the order of their keys",
           .query = {{.name = "prefix", .help = "of keys"},
                     {.name = "start_after", .help = "a key; exclusive"},
                     {.name = "limit", .type = Type::count, .help = "1 to 1000"}}},
          {.method = "GET",
           .path = one,
           .work = get_object,
           .summary = "An object; one range of bytes by the header Range",
           .query = reads},
          {.method = "HEAD",
           .path = one,
           .work = get_object,
           .summary = "What is known of an object",
           .query = reads},
          {.method = "PUT",
           .path = one,
           .access = Access::operate,
           .work = put_object,
           .summary = "Stores an object; headers X-Godwit-Meta-NAME are its metadata",
           .query = writes,
           .input = Input::bytes},
          {.method = "DELETE",
           .path = one,
           .access = Access::operate,
           .work = remove_object,
           .summary = "Removes an object everywhere",
           .query = writes}};
}

}  // namespace godwit::service
