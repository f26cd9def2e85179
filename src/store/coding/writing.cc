#include "store/coding/writing.h"

#include <algorithm>
#include <utility>

#include "store/etag.h"
#include "store/receive.h"

namespace godwit::coding {
namespace {

constexpr std::size_t kPiece = kMiB;
constexpr Duration kPatienceToFree = std::chrono::seconds(5);

/// Some bytes, and then what is left of the body that they were read from.
class ResumedBody final : public Body {
 public:
  ResumedBody(std::string begun, Body& rest) : begun_(std::move(begun)), rest_(rest) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    if (at_ == begun_.size()) co_return co_await rest_.read(into);
    const std::size_t count = std::min(into.size(), begun_.size() - at_);
    std::ranges::copy(as_bytes(begun_).subspan(at_, count), into.begin());
    at_ += count;
    co_return count;
  }

 private:
  std::string begun_;
  std::size_t at_ = 0;
  Body& rest_;
};

/// The token that the body must have as a whole is the one that it has.
Result<void> check_token(const std::string& promised, const Md5Digest& md5) {
  const auto token = ContentEtag::parse(promised);
  if (!token || token->parts > 0 || token->md5_hex == to_hex(md5)) return {};
  return fail(
      Error(Code::corrupted, "the bytes that arrived are not those promised").with(Retry::later));
}

Coding unsealed(const Coding& coding) {
  return {.compression = coding.compression, .level = coding.level};
}

std::string coded_as_a_whole(const std::string& body, const Coding& coding) {
  std::string coded;
  Encoder encoder(coding);
  encoder.add(as_bytes(body), coded);
  encoder.finish(coded);
  return coded;
}

/// Adds all of a body.
Task<void> add_all(const Context& context, CodedUpload& to, Upload upload) {
  for (Bytes left = upload.size; left > 0;) {
    GODWIT_CO_CHECK(context.check());
    const std::size_t size = std::min<Bytes>(left, kPiece);
    GODWIT_CO_TRY(std::string piece, co_await read_piece({upload.body, upload.size}, size));
    left -= piece.size();
    GODWIT_CO_CHECK(co_await to.add(context, std::move(piece)));
  }
  GODWIT_CO_CHECK(co_await expect_end(upload));
  co_return co_await to.finish(context);
}

}  // namespace

/// A small body, ready to be put.
struct Writing::Coded {
  Result<void> checked;
  std::string bytes;
  PutOptions options;
  std::string etag;      ///< of the plain body
  bool changed = false;  ///< else it is put as it is
};

Coding Writing::new_coding() {
  Coding coding{.compression = spec_.compression,
                .level = spec_.level == 0 ? default_level(spec_.compression) : spec_.level};
  if (keys_ != nullptr) {
    coding.key = keys_->sealing();
    coding.seal = Seal{.key_id = coding.key.id};
    world_.fill_unguessable(coding.seal->salt);
  }
  return coding;
}

PutOptions Writing::marked(const PutOptions& options, const Coding& coding,
                           std::optional<Bytes> size, std::string etag) const {
  PutOptions marked = options;
  marked.content_etag.clear();
  const Mark mark{.compression = coding.compression,
                  .seal = coding.seal,
                  .size = size,
                  .etag = std::move(etag)};
  write_mark(mark, keys_, marked.metadata);
  return marked;
}

Task<PutOptions> Writing::translated(const Context& context, const std::string& key,
                                     const PutOptions& options) {
  PutOptions translated = options;
  if (options.condition != Condition::matches) co_return translated;
  if (!inner_.capabilities().put_if_match) {
    co_return fail(Code::unsupported, "the store cannot replace a certain version only");
  }
  const Result<Seen> seen = co_await reading_.head(context, key);
  if (!seen && seen.error().code() != Code::not_found) co_return fail(Error(seen.error()));
  if (!seen || seen->info.etag != options.etag) {
    co_return fail(Code::precondition_failed,
                   seen ? "the object is another version" : "the object is not there");
  }
  translated.etag = seen->stored_etag;
  co_return translated;
}

PutResult Writing::told(const PutResult& stored, const std::string& etag,
                        const std::optional<Md5Digest>& md5) {
  if (is_doubtful(stored.etag)) return stored;
  if (!etag.empty()) return {.etag = etag};
  return {.etag = md5 ? to_hex(*md5) : token_of_stored(stored.etag)};
}

Task<PutResult> Writing::put(const Context& context, const std::string& key, Upload upload,
                             const PutOptions& options) {
  GODWIT_CO_CHECK(context.check());
  GODWIT_CO_CHECK(check_key(key));
  GODWIT_CO_CHECK(check_unmarked(options.metadata));
  GODWIT_CO_TRY(const PutOptions here, co_await translated(context, key, options));
  if (!spec_.changes()) co_return co_await inner_.put(context, key, upload, here);
  if (upload.size > kInHand) co_return co_await put_large(context, key, upload, here);
  GODWIT_CO_TRY(std::string body, co_await read_exactly(upload));
  GODWIT_CO_CHECK(context.check());
  co_return co_await put_small(context, key, std::move(body), here);
}

Writing::Coded Writing::code(const std::string& body, const PutOptions& options,
                             Coding coding) const {
  Coded coded{.bytes = body, .options = options, .etag = options.content_etag};
  const Md5Digest digest = md5(as_bytes(body));
  coded.checked = check_token(options.content_etag, digest);
  if (coded.etag.empty()) coded.etag = to_hex(digest);
  if (!coded.checked) return coded;
  if (coding.compression != Compression::none && body.size() >= spec_.min_size) {
    std::string compressed = coded_as_a_whole(body, unsealed(coding));
    coded.changed = is_gain(body.size(), compressed.size());
    if (coded.changed) coded.bytes = std::move(compressed);
  }
  if (!coded.changed) coding.compression = Compression::none;
  if (coding.seal) {
    Coding seal = coding;
    seal.compression = Compression::none;
    coded.bytes = coded_as_a_whole(coded.bytes, seal);
    coded.changed = true;
  }
  if (!coded.changed) return coded;
  coded.options = marked(options, coding, body.size(), coded.etag);
  return coded;
}

Task<PutResult> Writing::put_small(const Context& context, const std::string& key, std::string body,
                                   const PutOptions& options) {
  auto work = [this, body = std::move(body), &options, coding = new_coding()] {
    return code(body, options, coding);
  };
  const Coded coded = co_await run_blocking(world_, std::move(work));
  if (!coded.checked) co_return fail(Error(coded.checked.error()));
  ViewBody bytes(as_bytes(coded.bytes));
  const Upload upload{&bytes, coded.bytes.size()};
  GODWIT_CO_TRY(const PutResult stored, co_await inner_.put(context, key, upload, coded.options));
  if (!coded.changed) co_return stored;
  co_return told(stored, coded.etag, std::nullopt);
}

/// Whether it shrinks shows at its beginning.
Task<PutResult> Writing::put_large(const Context& context, const std::string& key, Upload upload,
                                   const PutOptions& options) {
  GODWIT_CO_TRY(std::string begun, co_await read_piece(upload, kInHand));
  Coding coding = new_coding();
  if (coding.compression != Compression::none) {
    auto shrinks = [&begun, trial = unsealed(coding)] {
      return is_gain(begun.size(), coded_as_a_whole(begun, trial).size());
    };
    const bool gain = co_await run_blocking(world_, std::move(shrinks));
    if (!gain) coding.compression = Compression::none;
  }
  ResumedBody body(std::move(begun), *upload.body);
  const Upload resumed{&body, upload.size};
  if (!coding.seal && coding.compression == Compression::none) {
    co_return co_await inner_.put(context, key, resumed, options);
  }
  if (inner_.multipart() == nullptr) {
    co_return fail(Code::unsupported,
                   "the store takes no uploads in parts, which coded bodies of "
                   "more than " +
                       format_bytes(kInHand) + " need");
  }
  co_return co_await put_coded(context, key, resumed, options, coding);
}

Task<PutResult> Writing::put_coded(const Context& context, const std::string& key, Upload upload,
                                   const PutOptions& options, const Coding& coding) {
  const PutOptions here = marked(options, coding, upload.size, options.content_etag);
  GODWIT_CO_TRY(UploadId begun, co_await inner_.multipart()->create(context, key, here));
  CodedUpload coded(world_, inner_, std::move(begun), coding);
  Result<void> sent = co_await add_all(context, coded, upload);
  if (sent && coded.md5()) sent = check_token(options.content_etag, *coded.md5());
  Result<PutResult> stored = fail(Code::internal, "");
  if (sent) {
    stored = co_await coded.complete(context, here);
  } else {
    stored = fail(std::move(sent).error());
  }
  if (stored) co_return told(*stored, options.content_etag, coded.md5());
  if (stored.error().outcome() != Outcome::unknown) {
    // Best effort, also after a cancellation; `godwit gc` finds what stays behind.
    const Context last = Context(world_).with_timeout(kPatienceToFree);
    (void)co_await coded.abort(last);
  }
  co_return stored;
}

}  // namespace godwit::coding
