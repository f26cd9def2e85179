#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/capabilities.h"
#include "store/object.h"
#include "world/body.h"
#include "world/context.h"

namespace godwit {

/// Who a store is, for messages and for telling whether two are one.
struct StoreIdentity {
  std::string scheme;   ///< "s3"
  std::string url;      ///< printable, without secrets
  std::string service;  ///< equal for stores that can copy from one another inside the service
  /// Equal for stores that hold the very same keys; a prefix of another's when that one lies
  /// inside (so a directory's ends in '/').
  std::string place;
};

struct GetOptions {
  std::optional<ByteRange> range;
  /// Only this version, else precondition_failed. Ignored where `get_if_match` does not hold.
  std::string if_match;
};

struct GetResult {
  ObjectInfo info;  ///< `size` is the whole object's, also for a range
  std::unique_ptr<Body> body;
};

enum class Condition : std::uint8_t { none, absent, matches };

struct PutOptions {
  Metadata metadata;
  Condition condition = Condition::none;
  std::string etag;  ///< for Condition::matches
  /// The source's modification time, for stores that keep it by themselves.
  std::optional<WallTime> modified;
  /// The content token that the bytes must have, as the source told it (see etag.h), or empty.
  /// A plain MD5 is checked by stores that can before anything becomes visible (`corrupted`);
  /// stores whose own tokens say nothing of the content record it as the object's etag.
  std::string content_etag;
};

/// A body and its exact size.
struct Upload {
  Body* body = nullptr;
  Bytes size = 0;
};

struct PutResult {
  std::string etag;  ///< of what is stored now
};

enum class Depth : std::uint8_t {
  all,   ///< every key under the prefix
  level  ///< keys up to the next '/', and the prefixes that go deeper, each once
};

struct ListOptions {
  std::string prefix;
  // Of entries, not of what is below them: a prefix is listed when its own name lies between.
  std::string start_after;  ///< exclusive; empty: from the start
  std::string end_before;   ///< exclusive; empty: to the end
  Depth depth = Depth::all;
  std::size_t page_size = 1000;
};

/// A walk through keys in the order of their bytes.
class Listing {
 public:
  virtual ~Listing() = default;
  /// The next entries (at most about a page); empty only at the end.
  /// Failure: leaves the position where it was, so that the call may be made again. An error is
  /// never an empty page: a listing that failed cannot be taken for the end.
  [[nodiscard]] virtual Task<std::vector<ListEntry>> next(const Context& context) = 0;
};

struct UploadId {
  std::string key;
  std::string id;
  WallTime started{};  ///< only from `Multipart::list`
};

struct PartInfo {
  std::uint32_t number = 0;  ///< from 1
  Bytes size = 0;
  std::string etag;
};

/// Where a part lies: stores without numbered parts write it at its offset.
struct PartPlace {
  std::uint32_t number = 0;
  Bytes offset = 0;
};

class Store;

enum class MetadataFrom : std::uint8_t {
  source,  ///< the service keeps what the source has
  options  ///< replaced by `PutOptions::metadata`
};

/// An object, or a range of one, in a store of the same `service`.
struct CopySource {
  Store* store = nullptr;  ///< may be wrapped; drivers ask for its `driver()`
  std::string key;
  std::string if_match;            ///< version to copy, else precondition_failed; empty: any
  std::optional<ByteRange> range;  ///< only for parts
  MetadataFrom metadata = MetadataFrom::source;  ///< only for `Store::copy`
};

/// Uploads in parts: nothing is visible before `complete`; parts may come in any order, at once,
/// and again (the last one counts). Failures as for `Store::put`; not_found for an unknown upload.
class Multipart {
 public:
  virtual ~Multipart() = default;
  [[nodiscard]] virtual Task<UploadId> create(const Context& context, const std::string& key,
                                              const PutOptions& options) = 0;
  [[nodiscard]] virtual Task<PartInfo> put_part(const Context& context, const UploadId& upload,
                                                PartPlace place, Upload part) = 0;
  [[nodiscard]] virtual Task<PartInfo> copy_part(const Context& context, const UploadId& upload,
                                                 PartPlace place, const CopySource& source) = 0;
  /// What has arrived, by number. not_found.
  [[nodiscard]] virtual Task<std::vector<PartInfo>> parts(const Context& context,
                                                          const UploadId& upload) = 0;
  /// invalid_argument where `parts` is empty, out of order, or names a part that did not arrive or
  /// was replaced; the upload then stays. precondition_failed as `put`.
  [[nodiscard]] virtual Task<PutResult> complete(const Context& context, const UploadId& upload,
                                                 std::span<const PartInfo> parts,
                                                 const PutOptions& options) = 0;
  /// Frees what was uploaded; fine when it is gone.
  [[nodiscard]] virtual Task<void> abort(const Context& context, const UploadId& upload) = 0;
  /// Uploads that were begun and neither completed nor aborted.
  [[nodiscard]] virtual Task<std::vector<UploadId>> list(const Context& context,
                                                         const std::string& prefix) = 0;
};

/// Keyed objects, each replaced as a whole: readers see the old or the new one, never a mix.
///
/// Keys are relative to the store's root (an S3 prefix, a directory). A key that a store cannot
/// hold 1:1 is refused with invalid_argument. Every failure names store, operation and key.
/// Failure by cause, for all calls: permission_denied, throttled, unavailable, timed_out,
/// cancelled; `outcome()` says whether a write took effect.
/// Concurrency: any number of calls at once on the World's executor. Arguments must outlive the
/// task that takes them.
class Store {
 public:
  virtual ~Store() = default;

  [[nodiscard]] virtual const StoreIdentity& identity() const = 0;
  [[nodiscard]] virtual const Capabilities& capabilities() const = 0;

  /// not_found when there is no such object.
  [[nodiscard]] virtual Task<ObjectInfo> head(const Context& context, const std::string& key) = 0;
  /// not_found; precondition_failed; invalid_argument for a range outside the object. The body
  /// is one version's bytes, or fails with `corrupted` / `precondition_failed` on the way.
  [[nodiscard]] virtual Task<GetResult> get(const Context& context, const std::string& key,
                                            const GetOptions& options) = 0;
  /// Durable when it returns. precondition_failed; no_space; invalid_argument over max_put_size.
  [[nodiscard]] virtual Task<PutResult> put(const Context& context, const std::string& key,
                                            Upload upload, const PutOptions& options) = 0;
  /// As `put`, of bytes that the service moves by itself. unsupported if `source.store` is of
  /// another service. Metadata and modification time come from where `source.metadata` says.
  [[nodiscard]] virtual Task<PutResult> copy(const Context& context, const std::string& key,
                                             const CopySource& source,
                                             const PutOptions& options) = 0;
  /// Removes up to `max_removes` keys; one answer for each, in order. An absent key is a success.
  /// The outer failure is that of the call as a whole.
  [[nodiscard]] virtual Task<std::vector<Result<void>>> remove(
      const Context& context, std::span<const std::string> keys) = 0;
  /// Starts no I/O.
  [[nodiscard]] virtual std::unique_ptr<Listing> list(const ListOptions& options) = 0;
  /// Null where the store has no multipart uploads. Lives as long as the store.
  [[nodiscard]] virtual Multipart* multipart() = 0;
  /// Makes what was put since the last call durable, where the store was opened to do that in
  /// batches; else nothing.
  [[nodiscard]] virtual Task<void> flush(const Context& context) = 0;
  /// Ends what is in the background. No call may be under way, none may follow.
  [[nodiscard]] virtual Task<void> close() = 0;
  /// The store itself, behind the layers that wrap it (store/layers).
  [[nodiscard]] virtual Store& driver() { return *this; }
};

// What drivers share.

inline constexpr std::size_t kLongestKey = 1024;
/// What every key is: UTF-8 of 1 to 1024 bytes without a NUL. Failure: invalid_argument.
[[nodiscard]] Result<void> check_key(std::string_view key);
/// What `complete` takes: at least one part, by rising number. Failure: invalid_argument.
[[nodiscard]] Result<void> check_parts(std::span<const PartInfo> parts);
/// The place of an error: `fail(Error(...).at(place_of(*this, "put", key)))`.
[[nodiscard]] Where place_of(const Store& store, std::string operation, std::string key);
[[nodiscard]] std::unexpected<Error> no_such_object();
/// The bytes that a get of an object of `size` bytes yields; reaches to its end at most.
/// Failure: invalid_argument when the range begins behind the end.
[[nodiscard]] Result<ByteRange> resolve_range(const GetOptions& options, Bytes size);

}  // namespace godwit
