#include "conformance/fixture.h"

#include <filesystem>
#include <random>

namespace godwit::conformance {

Task<std::string> read_object(Context context, Store& store, std::string key, GetOptions options) {
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  co_return co_await read_all(*got.body, kGiB);
}

Task<PutResult> put_object(Context context, Store& store, std::string key, std::string bytes,
                           PutOptions options) {
  const Bytes size = bytes.size();
  MemoryBody body(std::move(bytes));
  const Upload upload{&body, size};
  co_return co_await store.put(context, key, upload, options);
}

Task<std::vector<ListEntry>> list_objects(Context context, Store& store, ListOptions options) {
  const std::unique_ptr<Listing> listing = store.list(options);
  std::vector<ListEntry> all;
  for (;;) {
    GODWIT_CO_TRY(std::vector<ListEntry> page, co_await listing->next(context));
    if (page.empty()) co_return all;
    all.insert(all.end(), page.begin(), page.end());
  }
}

Task<PartInfo> put_part_of(Context context, Store& store, UploadId upload, PartPlace place,
                           std::string bytes) {
  const Bytes size = bytes.size();
  MemoryBody body(std::move(bytes));
  const Upload part{&body, size};
  co_return co_await store.multipart()->put_part(context, upload, place, part);
}

bool is_passing(const Error& error) {
  return error.retry() == Retry::later && error.outcome() == godwit::Outcome::not_applied;
}

std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string long_key(std::size_t size) {
  constexpr std::size_t kElement = 200;
  std::string key(size, 'k');
  for (std::size_t at = kElement; at + 1 < size; at += kElement) key[at] = '/';
  return key;
}

std::string name_of(const testing::TestParamInfo<Kind>& info) { return to_string(info.param); }

Conformance::Conformance() : client_(http::make_client(world_)) {
  Result<Opened> opened = run(open_store(context_, *client_, GetParam()));
  if (!opened) throw std::runtime_error(opened.error().to_string());
  opened_ = *std::move(opened);
}

Conformance::~Conformance() {
  (void)run(opened_.store->close());
  (void)run(close_client());
  if (!opened_.directory.empty()) std::filesystem::remove_all(opened_.directory);
}

Task<void> Conformance::close_client() { co_return co_await client_->close(); }

Result<PutResult> Conformance::put(const std::string& key, const std::string& bytes,
                                   const PutOptions& options) {
  return insist([&] { return put_object(context_, store(), key, bytes, options); });
}

Result<std::string> Conformance::get(const std::string& key, const GetOptions& options) {
  return run(read_object(context_, store(), key, options));
}

Result<std::string> Conformance::get_range(const std::string& key, Bytes offset, Bytes size) {
  GetOptions options;
  options.range = ByteRange{offset, size};
  return get(key, options);
}

Result<ObjectInfo> Conformance::head(const std::string& key) {
  return run(store().head(context_, key));
}

CopySource Conformance::source(const std::string& key) {
  CopySource source;
  source.store = &store();
  source.key = key;
  return source;
}

Result<PutResult> Conformance::copy(const CopySource& from, const std::string& to,
                                    const PutOptions& options) {
  return insist([&] { return store().copy(context_, to, from, options); });
}

Result<PutResult> Conformance::copy(const std::string& from, const std::string& to,
                                    const PutOptions& options) {
  return copy(source(from), to, options);
}

Result<void> Conformance::remove(const std::string& key) {
  const std::vector<std::string> one = {key};
  auto outcome = run(store().remove(context_, one));
  if (!outcome) return fail(Error(outcome.error()));
  return outcome->at(0);
}

std::vector<ListEntry> Conformance::list(const ListOptions& options) {
  auto entries = run(list_objects(context_, store(), options));
  EXPECT_TRUE(entries) << entries.error().to_string();
  return entries ? *std::move(entries) : std::vector<ListEntry>();
}

std::vector<std::string> Conformance::keys(const ListOptions& options) {
  std::vector<std::string> found;
  const std::vector<ListEntry> entries = list(options);
  found.reserve(entries.size());
  for (const ListEntry& entry : entries) found.push_back(entry.key);
  return found;
}

}  // namespace godwit::conformance
