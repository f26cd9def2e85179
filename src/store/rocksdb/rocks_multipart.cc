#include "store/rocksdb/rocks_multipart.h"

#include <array>
#include <cstdio>
#include <utility>

namespace godwit::rocks {
namespace {

template <class R>
asio::awaitable<R> placed(asio::awaitable<R> task, Where place) {
  R result = co_await std::move(task);
  if (!result) co_return fail(std::move(result).error().at(std::move(place)));
  co_return result;
}

std::string new_id(World& world) {
  std::array<char, 17> id{};
  std::snprintf(id.data(), id.size(), "%016llx", static_cast<unsigned long long>(world.random()));
  return id.data();
}

}  // namespace

UploadId RocksMultipart::whole(const UploadId& upload) const {
  UploadId whole = upload;
  whole.key = root_ + upload.key;
  return whole;
}

template <class F>
auto RocksMultipart::run(const char* operation, const std::string& key, F work) const {
  auto job = [work = std::move(work)](const std::shared_ptr<Tables>& tables) {
    return work(tables->uploads);
  };
  return placed(calls_.run(std::move(job)), place_of(store_, operation, key));
}

Task<UploadId> RocksMultipart::create(const Context& context, const std::string& key,
                                      const PutOptions&) {
  GODWIT_CO_CHECK(context.check());
  const std::string id = new_id(calls_.world());
  UploadRow row;
  row.key = root_ + key;
  row.started = calls_.world().wall_now();
  auto work = [id, row, key](Uploads& uploads) -> Result<void> {
    GODWIT_CHECK(check_key(key));
    return uploads.create(id, row);
  };
  GODWIT_CO_CHECK(co_await run("create upload", key, std::move(work)));
  UploadId upload;
  upload.key = key;
  upload.id = id;
  co_return upload;
}

Task<PartInfo> RocksMultipart::put_part(const Context& context, const UploadId& upload,
                                        PartPlace place, Upload part) {
  GODWIT_CO_CHECK(context.check());
  co_return co_await placed(receive_part(context, whole(upload), place, part),
                            place_of(store_, "put part", upload.key));
}

Task<PartInfo> RocksMultipart::receive_part(const Context& context, const UploadId& upload,
                                            PartPlace place, Upload part) {
  auto check = [upload](const std::shared_ptr<Tables>& tables) {
    return tables->uploads.check(upload);
  };
  GODWIT_CO_CHECK(co_await calls_.run(std::move(check)));
  GODWIT_CO_TRY(Draft draft, co_await calls_.receive(context, part));
  auto commit = [upload, place, description = calls_.description()](Tables& tables,
                                                                    const Draft& received) {
    return tables.uploads.commit(upload, place.number, received, description);
  };
  co_return co_await calls_.commit(std::move(draft), std::move(commit));
}

Task<PartInfo> RocksMultipart::copy_part(const Context& context, const UploadId& upload,
                                         PartPlace place, const CopySource& source) {
  GetOptions options;
  options.range = source.range;
  options.if_match = source.if_match;
  GODWIT_CO_TRY(GetResult got, co_await source.store->get(context, source.key, options));
  const Upload part{got.body.get(), source.range ? source.range->size : got.info.size};
  co_return co_await put_part(context, upload, place, part);
}

Task<std::vector<PartInfo>> RocksMultipart::parts(const Context& context, const UploadId& upload) {
  GODWIT_CO_CHECK(context.check());
  auto work = [upload = whole(upload)](Uploads& uploads) { return uploads.parts(upload); };
  co_return co_await run("list parts", upload.key, std::move(work));
}

Task<PutResult> RocksMultipart::complete(const Context& context, const UploadId& upload,
                                         std::span<const PartInfo> parts,
                                         const PutOptions& options) {
  GODWIT_CO_CHECK(context.check());
  auto work = [upload = whole(upload), wanted = std::vector(parts.begin(), parts.end()), options,
               description = calls_.description()](Uploads& uploads) {
    return uploads.complete(upload, wanted, options, description);
  };
  co_return co_await run("complete upload", upload.key, std::move(work));
}

Task<void> RocksMultipart::abort(const Context& context, const UploadId& upload) {
  GODWIT_CO_CHECK(context.check());
  auto work = [upload = whole(upload)](Uploads& uploads) { return uploads.remove(upload); };
  co_return co_await run("abort upload", upload.key, std::move(work));
}

Task<std::vector<UploadId>> RocksMultipart::list(const Context& context,
                                                 const std::string& prefix) {
  GODWIT_CO_CHECK(context.check());
  auto work = [prefix = root_ + prefix,
               root = root_.size()](Uploads& uploads) -> Result<std::vector<UploadId>> {
    GODWIT_TRY(std::vector<UploadId> open, uploads.list(prefix));
    for (UploadId& upload : open) upload.key.erase(0, root);
    return open;
  };
  co_return co_await run("list uploads", prefix, std::move(work));
}

}  // namespace godwit::rocks
