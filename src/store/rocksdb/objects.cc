#include "store/rocksdb/objects.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace godwit::rocks {
namespace {

Result<void> check_condition(const PutOptions& options, const std::optional<Header>& old) {
  if (options.condition == Condition::absent && old) {
    return fail(Code::precondition_failed, "the object is there");
  }
  if (options.condition == Condition::matches && (!old || old->etag != options.etag)) {
    return fail(Code::precondition_failed,
                old ? "the object is another version" : "the object is not there");
  }
  return {};
}

}  // namespace

Header Objects::header_of(const PutOptions& options, const Description& description) {
  Header header;
  header.modified = options.modified.value_or(description.now);
  header.etag = options.content_etag.empty() ? description.token : options.content_etag;
  header.metadata = options.metadata;
  return header;
}

Objects::Stripe& Objects::stripe_of(const std::string& key) {
  return stripes_[std::hash<std::string>()(key) % kStripes];
}

Result<std::optional<Header>> Objects::look(const std::string& key) const {
  GODWIT_TRY(const auto row, database_.get(object_row(key)));
  if (!row) return std::nullopt;
  GODWIT_TRY(Header header, decode_header(*row));
  return header;
}

Result<Header> Objects::find(const std::string& key) const {
  GODWIT_TRY(std::optional<Header> header, look(key));
  if (!header) return no_such_object();
  return *std::move(header);
}

Result<Header> Objects::find_and_pin(const std::string& key) {
  const std::lock_guard lock(stripe_of(key).reads);
  GODWIT_TRY(Header header, find(key));
  bodies_.pin(header.runs);
  return header;
}

Result<PutResult> Objects::commit(const std::string& key, const Draft& draft,
                                  const PutOptions& options, const Description& description) {
  Header header = header_of(options, description);
  header.size = draft.run.size;
  if (header.size > 0) header.runs.push_back(draft.run);
  Along along;
  Bodies::finish(along.batch, draft);
  return replace(key, header, options, std::move(along));
}

Result<PutResult> Objects::replace(const std::string& key, const Header& header,
                                   const PutOptions& options, Along along) {
  const std::lock_guard lock(stripe_of(key).commits);
  GODWIT_TRY(const std::optional<Header> old, look(key));
  GODWIT_CHECK(check_condition(options, old));
  along.batch.put(object_row(key), encode(header));
  if (old) {
    Bodies::disown(along.batch, old->runs);
    along.retired.insert(along.retired.end(), old->runs.begin(), old->runs.end());
  }
  GODWIT_CHECK(database_.write(along.batch, durability_));
  see_off_readers(key);
  bodies_.retire(along.retired);
  return PutResult{header.etag};
}

std::vector<std::unique_lock<std::mutex>> Objects::lock_commits(std::span<const std::string> keys) {
  // In one order, so that two of these do not wait for each other.
  std::set<Stripe*, std::less<>> wanted;
  for (const std::string& key : keys) wanted.insert(&stripe_of(key));
  std::vector<std::unique_lock<std::mutex>> locks;
  locks.reserve(wanted.size());
  for (Stripe* stripe : wanted) locks.emplace_back(stripe->commits);
  return locks;
}

Result<void> Objects::remove(std::span<const std::string> keys) {
  const auto locks = lock_commits(keys);
  kv::Batch batch;
  std::vector<Run> removed;
  for (const std::string& key : keys) {
    GODWIT_TRY(const std::optional<Header> old, look(key));
    if (!old) continue;
    batch.erase(object_row(key));
    Bodies::disown(batch, old->runs);
    removed.insert(removed.end(), old->runs.begin(), old->runs.end());
  }
  if (batch.empty()) return {};
  GODWIT_CHECK(database_.write(batch, durability_));
  for (const std::string& key : keys) see_off_readers(key);
  bodies_.retire(removed);
  return {};
}

// Who reads the header from here on sees the new one; who read the old one has pinned its body.
void Objects::see_off_readers(const std::string& key) {
  const std::lock_guard lock(stripe_of(key).reads);
}

}  // namespace godwit::rocks
