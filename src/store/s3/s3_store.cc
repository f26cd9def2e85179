#include "store/s3/s3_store.h"

#include <utility>

#include "http/url.h"
#include "store/etag.h"
#include "store/s3/s3_chunked_body.h"
#include "store/s3/s3_client.h"
#include "store/s3/s3_errors.h"
#include "store/s3/s3_headers.h"
#include "store/s3/s3_multipart.h"
#include "store/s3/s3_settle.h"
#include "store/s3/s3_xml.h"

namespace godwit::s3 {
namespace {

constexpr std::size_t kKeysPerRemove = 1000;
constexpr std::size_t kLargestPage = 1000;
constexpr int kMostEmptyPages = 1000;
constexpr std::string_view kReserved = ".godwit/";
constexpr const char* kWhereKeysAre =
    "Keys are looked for in: `godwit.toml`; `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, "
    "`AWS_SESSION_TOKEN`;\n`~/.aws/credentials` and `~/.aws/config`; the container's and the "
    "instance's metadata service. A profile that gets\nits keys by a role, single sign-on or a "
    "process is refused: `eval \"$(aws configure export-credentials --profile NAME\n--format "
    "env)\"` turns it into keys.";

std::string encode(std::string_view text) { return http::uri_encode(text, http::Slash::encode); }

/// No object is larger: a range that reaches further is one to the end, and its last byte is a
/// number that every service can read.
constexpr Bytes kLargestObject = 1024 * kTiB;

std::string range_header(const ByteRange& range) {
  std::string from = "bytes=" + std::to_string(range.offset) + "-";
  if (range.offset >= kLargestObject || range.size >= kLargestObject) return from;
  return from + std::to_string(range.offset + range.size - 1);
}

/// "aabb" → the bytes aa bb in base 64, as Content-MD5 is written.
std::string md5_header(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return to_base64(as_bytes(bytes));
}

/// The bytes that come are those that were asked for, as the service says.
Result<void> check_range(const http::Response& response, const std::optional<ByteRange>& range) {
  if (!range && response.status == 200) return {};
  if (!range) return fail(Code::corrupted, "the service sent a part that nobody asked for");
  if (response.status != 206) return fail(Code::unsupported, "the service ignores ranges");
  const std::string begins = "bytes " + std::to_string(range->offset) + "-";
  const auto told = response.headers.find("Content-Range");
  if (told && told->starts_with(begins)) return {};
  return fail(Code::corrupted,
              "the service sent another range: " + std::string(told.value_or("none")));
}

/// Puts the store's name and the key into errors of a body that comes later.
class PlacedBody final : public Body {
 public:
  PlacedBody(std::unique_ptr<Body> inner, Where place)
      : inner_(std::move(inner)), place_(std::move(place)) {}
  Task<std::size_t> read(MutableByteSpan into) override {
    Result<std::size_t> count = co_await inner_->read(into);
    if (!count) co_return fail(std::move(count).error().at(place_));
    co_return count;
  }

 private:
  std::unique_ptr<Body> inner_;
  Where place_;
};

class S3Listing final : public Listing {
 public:
  S3Listing(Client& client, ListOptions options)
      : client_(client), options_(std::move(options)), after_(options_.start_after) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    const std::string& own = client_.config().prefix;
    while (!ended_) {
      Call call = make_call(own);
      GODWIT_CO_TRY(std::string answer, co_await client_.send_for_text(context, call));
      Result<ListPage> page = parse_list_page(answer);
      if (!page) co_return fail(std::move(page).error().at(client_.place(call)));
      GODWIT_CO_TRY(std::vector<ListEntry> entries, take(*std::move(page), own));
      // A page may hold nothing but our own objects.
      if (!entries.empty()) co_return entries;
    }
    co_return std::vector<ListEntry>();
  }

 private:
  [[nodiscard]] Call make_call(const std::string& own) const {
    Call call;
    call.operation = "list";
    const bool v1 = client_.config().list_version == ListVersion::v1;
    call.query = v1 ? "encoding-type=url" : "list-type=2&encoding-type=url";
    call.query += "&max-keys=" + std::to_string(std::min(options_.page_size, kLargestPage)) +
                  "&prefix=" + encode(own + options_.prefix);
    if (!token_.empty()) {
      call.query += (v1 ? "&marker=" : "&continuation-token=") + encode(token_);
    } else if (began_ || !after_.empty()) {
      call.query += (v1 ? "&marker=" : "&start-after=") + encode(own + after_);
    }
    if (options_.depth == Depth::level) call.query += "&delimiter=%2F";
    return call;
  }

  /// The order is checked here, and not only by who compares listings: what is beyond
  /// `end_before` is cut off here, so a key that came too early would hide those behind it.
  [[nodiscard]] Result<std::vector<ListEntry>> take(ListPage page, const std::string& own) {
    std::vector<ListEntry> entries;
    entries.reserve(page.entries.size());
    std::string last = after_;
    bool moved = began_;
    const std::string within = own + options_.prefix;
    for (ListEntry& entry : page.entries) {
      if (!entry.key.starts_with(within)) {
        return broken("'" + entry.key + "' is outside of the prefix '" + within + "'");
      }
      if (!own.empty()) entry.key.erase(0, own.size());
      // Of a level, the service tells a prefix as long as there are keys below it behind the start.
      if (entry.is_prefix && entry.key <= options_.start_after) continue;
      // An object that is named as the store's own prefix comes first, and has no name in it.
      const bool nameless = entry.key.empty() && last.empty() && !moved;
      if (entry.key <= last && !nameless) {
        return broken("it is not in key order: '" + entry.key + "' came after '" + last + "'");
      }
      moved = true;
      if (!options_.end_before.empty() && entry.key >= options_.end_before) {
        page.truncated = false;
        break;
      }
      last = entry.key;
      const bool hidden = entry.key.starts_with(kReserved) && options_.prefix.empty();
      if (!hidden && !nameless) entries.push_back(std::move(entry));
    }
    const bool v1 = client_.config().list_version == ListVersion::v1;
    const bool goes_on = !page.next_token.empty() || !page.entries.empty();
    if (page.truncated && !goes_on) return broken("it has more, and does not say where");
    // Empty pages are legal, and without end they are none.
    empty_pages_ = page.entries.empty() ? empty_pages_ + 1 : 0;
    if (empty_pages_ > kMostEmptyPages) return broken("page after page is empty");
    ended_ = !page.truncated;
    token_ = v1 ? std::move(page.next_marker) : std::move(page.next_token);
    after_ = std::move(last);
    began_ = moved;
    return entries;
  }

  [[nodiscard]] std::unexpected<Error> broken(const std::string& why) const {
    return fail(Error(Code::corrupted, "the service's listing is broken: " + why)
                    .with(Retry::later)
                    .at({.region = client_.config().region,
                         .store = client_.config().url,
                         .operation = "list",
                         .key = {}}));
  }

  Client& client_;
  ListOptions options_;
  std::string after_;
  std::string token_;
  bool began_ = false;  // some key was seen, be it the one without a name
  bool ended_ = false;
  int empty_pages_ = 0;
};

Capabilities capabilities_of(const Config& config) {
  Capabilities can;
  can.put_if_absent = can.put_if_match = config.conditional_put == Support::yes;
  can.get_if_match = true;
  can.list_has_etag = true;
  can.etag_is_md5 = can.put_tells_md5 = config.etag == EtagKind::md5;
  can.list_after_write = true;
  can.user_metadata = can.tags = true;
  can.server_side_copy = true;
  can.multipart = true;
  can.list_from_anywhere = true;
  can.max_put_size = 5 * kGiB;
  can.min_part_size = 5 * kMiB;
  can.max_part_size = 5 * kGiB;
  can.max_parts = 10'000;
  can.max_removes = kKeysPerRemove;
  return can;
}

class S3Store final : public Store {
 public:
  S3Store(World& world, http::Transport& transport, const Config& config, const StoreSpec& spec)
      : client_(world, transport, config, spec),
        multipart_(client_),
        capabilities_(capabilities_of(config)) {
    // Who may read there with other keys is not known, so such stores are two services.
    const auto keys = spec.secrets.find("access_key");
    const std::string endpoint = "s3 " + config.endpoint.to_string();
    identity_ = {.scheme = "s3",
                 .url = config.url,
                 .service = endpoint + " " + config.profile + " " +
                            (keys == spec.secrets.end() ? std::string() : keys->second),
                 .place = endpoint + "/" + config.bucket + "/" + config.prefix};
  }

  const StoreIdentity& identity() const override { return identity_; }
  const Capabilities& capabilities() const override { return capabilities_; }
  Multipart* multipart() override { return &multipart_; }
  Client& client() { return client_; }

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_TRY(http::Response response, co_await ask_head(context, key, ""));
    Result<ObjectInfo> read = read_info(key, response.headers);
    if (!read) co_return fail(std::move(read).error().at(place_of(*this, "head", key)));
    ObjectInfo info = *std::move(read);
    GODWIT_CO_CHECK(co_await add_tags(context, tag_count(response.headers), info));
    const auto token = ContentEtag::parse(info.etag);
    if (token && token->parts > 0) {
      info.parts = token->parts;
      co_await add_part_size(context, info);
    }
    co_return info;
  }

  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    Call call = make_call("get", "GET", key);
    GODWIT_CO_CHECK(client_.check_key(call));
    if (options.range) {
      if (options.range->size == 0) {
        co_return fail(Error(Code::invalid_argument, "an empty range").at(client_.place(call)));
      }
      call.headers.add("range", range_header(*options.range));
    }
    if (!options.if_match.empty()) call.headers.add("if-match", "\"" + options.if_match + "\"");
    const ChecksumKind kind = client_.config().checksum;
    if (kind != ChecksumKind::none) call.headers.add("x-amz-checksum-mode", "ENABLED");
    GODWIT_CO_TRY(http::Response response, co_await client_.send(context, call));
    Result<ObjectInfo> info = read_info(key, response.headers);
    if (!info) co_return fail(std::move(info).error().at(client_.place(call)));
    const Result<void> right = check_range(response, options.range);
    if (!right) co_return fail(Error(right.error()).at(client_.place(call)));
    GODWIT_CO_CHECK(co_await add_tags(context, tag_count(response.headers), *info));
    GetResult result;
    result.info = *std::move(info);
    const auto sum = response.headers.find(checksum_header(kind));
    // One with a '-' is a sum over sums of parts.
    if (sum && response.status == 200 && sum->find('-') == std::string_view::npos) {
      response.body = make_checked_body(std::move(response.body), kind, std::string(*sum));
    }
    result.body = std::make_unique<PlacedBody>(std::move(response.body), client_.place(call));
    co_return result;
  }

  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    Call call = make_call("put", "PUT", key);
    GODWIT_CO_CHECK(client_.check_key(call));
    if (upload.size > capabilities_.max_put_size) {
      co_return fail(Error(Code::invalid_argument, "larger than one put takes (5 GiB)")
                         .at(client_.place(call)));
    }
    call.body = upload.body;
    call.body_size = upload.size;
    add_metadata(call.headers, options, client_.config());
    add_condition(call.headers, options);
    const auto promised = ContentEtag::parse(options.content_etag);
    const bool known = promised && promised->parts == 0;
    if (known) call.headers.add("content-md5", md5_header(promised->md5_hex));
    if (options.condition != Condition::none && capabilities_.etag_is_md5) {
      const std::string token = known ? std::string(promised->md5_hex) : std::string();
      co_return co_await put_and_settle(context, call, token);
    }
    GODWIT_CO_TRY(http::Response response, co_await client_.send(context, call));
    co_return PutResult{unquote(response.headers.find("ETag").value_or(""))};
  }

  Task<PutResult> copy(const Context& context, const std::string& key, const CopySource& source,
                       const PutOptions& options) override {
    Call call = make_call("copy", "PUT", key);
    GODWIT_CO_CHECK(client_.check_key(call));
    if (options.condition != Condition::none) {
      co_return fail(Error(Code::unsupported, "a copy inside the service has no conditions")
                         .at(client_.place(call)));
    }
    const Client* from = client_of(source.store);
    if (from == nullptr) {
      co_return fail(
          Error(Code::unsupported, "the source is no s3: store").at(client_.place(call)));
    }
    call.headers.add("x-amz-copy-source", from->copy_source(source.key));
    if (!source.if_match.empty()) call.headers.add("x-amz-copy-source-if-match", source.if_match);
    const bool replace = source.metadata == MetadataFrom::options;
    call.headers.add("x-amz-metadata-directive", replace ? "REPLACE" : "COPY");
    const PutOptions none;
    add_metadata(call.headers, replace ? options : none, client_.config());
    GODWIT_CO_TRY(const std::string answer, co_await client_.send_for_text(context, call));
    std::string etag = unquote(find_text(answer, "ETag"));
    if (etag.empty()) co_return fail(no_etag().at(client_.place(call)));
    co_return PutResult{std::move(etag)};
  }

  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    std::vector<Result<void>> outcome(keys.size());
    std::vector<std::size_t> batch;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (fits_xml(keys[i])) {
        batch.push_back(i);
        continue;
      }
      // In the request for many it would make the service refuse all of them.
      Result<void> removed = co_await remove_one(context, keys[i]);
      outcome[i] = std::move(removed);
    }
    if (!batch.empty()) GODWIT_CO_CHECK(co_await remove_batch(context, keys, batch, outcome));
    co_return outcome;
  }

  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return std::make_unique<S3Listing>(client_, options);
  }

  Task<void> flush(const Context&) override { co_return Result<void>(); }
  Task<void> close() override { co_return Result<void>(); }

 private:
  static Call make_call(const char* operation, const char* method, const std::string& key) {
    Call call;
    call.operation = operation;
    call.method = method;
    call.key = &key;
    return call;
  }

  Task<void> remove_one(const Context& context, const std::string& key) {
    Call call = make_call("remove", "DELETE", key);
    const Result<http::Response> response = co_await client_.send(context, call);
    if (response || response.error().code() == Code::not_found) co_return Result<void>();
    co_return fail(Error(response.error()));
  }

  /// Removes `keys[i]` for each i of `batch` and fills `outcome[i]`.
  Task<void> remove_batch(const Context& context, std::span<const std::string> keys,
                          const std::vector<std::size_t>& batch,
                          std::vector<Result<void>>& outcome) {
    Call call;
    call.operation = "remove";
    call.method = "POST";
    call.query = "delete=";
    const std::string& own = client_.config().prefix;
    std::vector<std::string> wanted;
    wanted.reserve(batch.size());
    for (const std::size_t i : batch) wanted.push_back(keys[i]);
    const std::string xml = remove_request(own, wanted);
    MemoryBody body(xml);
    call.body = &body;
    call.body_size = xml.size();
    call.body_hash = payload_hash(xml);
    call.headers.add("content-md5", to_base64(md5(as_bytes(xml))));
    GODWIT_CO_TRY(std::string answer, co_await client_.send_for_text(context, call));
    Result<std::vector<RemoveError>> errors = parse_remove_answer(answer);
    if (!errors) co_return fail(std::move(errors).error().at(client_.place(call)));
    for (const RemoveError& refused : *errors) {
      for (const std::size_t i : batch) {
        if (own + keys[i] != refused.key || refused.code == "NoSuchKey") continue;
        Error error = to_error({500, refused.code, refused.message}, http::Headers());
        outcome[i] = fail(std::move(error).at(place_of(*this, "remove", keys[i])));
      }
    }
    co_return Result<void>();
  }

  /// A put with a condition cannot be made again to learn what became of it: our own object would
  /// stand in its way. So its bytes are hashed (1.6 CPU-s per GiB) where their MD5 is not known.
  Task<PutResult> put_and_settle(const Context& context, Call& call, std::string token) {
    Expected expected{std::move(token), context.world().mono_now()};
    std::optional<Md5Body> hashed;
    if (expected.etag.empty() && call.body != nullptr) call.body = &hashed.emplace(*call.body);
    Result<http::Response> response = co_await client_.send(context, call);
    if (response) co_return PutResult{unquote(response->headers.find("ETag").value_or(""))};
    if (response.error().outcome() != Outcome::unknown) co_return fail(std::move(response).error());
    if (hashed) expected.etag = hashed->finish();
    co_return co_await settle(client_, context, *call.key, expected, std::move(response).error());
  }

  Task<http::Response> ask_head(const Context& context, const std::string& key, std::string query) {
    Call call = make_call("head", "HEAD", key);
    GODWIT_CO_CHECK(client_.check_key(call));
    call.query = std::move(query);
    co_return co_await client_.send(context, call);
  }

  Task<void> add_tags(const Context& context, unsigned count, ObjectInfo& info) {
    if (count == 0) co_return Result<void>();
    Call call = make_call("get tags", "GET", info.key);
    call.query = "tagging=";
    // A get still holds its connection.
    call.lane = http::Lane::second;
    GODWIT_CO_TRY(const std::string answer, co_await client_.send_for_text(context, call));
    auto tags = parse_tags(answer);
    if (!tags) co_return fail(std::move(tags).error().at(client_.place(call)));
    info.metadata.tags = *std::move(tags);
    co_return Result<void>();
  }

  /// Asks for the head of part 1. A service that ignores the number answers with the whole size.
  asio::awaitable<void> add_part_size(const Context& context, ObjectInfo& info) {
    if (*info.parts == 1) {
      info.part_size = info.size;
      co_return;
    }
    const Result<http::Response> response = co_await ask_head(context, info.key, "partNumber=1");
    if (!response) co_return;
    const auto first = read_info(info.key, response->headers);
    const auto length = response->headers.find("Content-Length");
    if (!first || !length) co_return;
    const Bytes size = to_size(*length).value_or(0);
    if (size > 0 && size < info.size) info.part_size = size;
  }

  Client client_;
  S3Multipart multipart_;
  Capabilities capabilities_;
  StoreIdentity identity_;
};

}  // namespace

Client* client_of(Store* store) {
  auto* s3 = dynamic_cast<S3Store*>(&store->driver());
  return s3 == nullptr ? nullptr : &s3->client();
}

SchemeInfo s3_scheme(http::Transport& transport) {
  const auto open = [&transport](World& world,
                                 const StoreSpec& spec) -> Result<std::unique_ptr<Store>> {
    GODWIT_TRY(const Config config, read_config(world, spec));
    return std::make_unique<S3Store>(world, transport, config, spec);
  };
  return {.scheme = "s3",
          .url = "s3://BUCKET/PREFIX",
          .description = "A bucket of any service that speaks the S3 API.",
          .options = option_table(),
          .notes = kWhereKeysAre,
          .open = open};
}

}  // namespace godwit::s3
