#include "store/file/file_multipart.h"

#include <utility>

#include "store/file/file_key.h"
#include "store/file/file_receive.h"

namespace godwit::file {
namespace {

template <class R>
asio::awaitable<R> placed(asio::awaitable<R> task, Where place) {
  R result = co_await std::move(task);
  if (!result) co_return fail(std::move(result).error().at(std::move(place)));
  co_return result;
}

}  // namespace

template <class F>
auto FileMultipart::run(const char* operation, const std::string& key, F work) {
  auto job = [uploads = uploads_, work = std::move(work)] { return work(*uploads); };
  return placed(run_blocking(world_, std::move(job)), place_of(store_, operation, key));
}

Task<UploadId> FileMultipart::create(const Context& context, const std::string& key,
                                     const PutOptions&) {
  GODWIT_CO_CHECK(context.check());
  auto work = [key, random = world_.random()](Uploads& uploads) -> Result<UploadId> {
    GODWIT_CHECK(check_key(key));
    return uploads.create(key, random);
  };
  co_return co_await run("create upload", key, std::move(work));
}

Task<PartInfo> FileMultipart::put_part(const Context& context, const UploadId& upload,
                                       PartPlace place, Upload part) {
  GODWIT_CO_CHECK(context.check());
  co_return co_await placed(receive_part(context, upload, place, part),
                            place_of(store_, "put part", upload.key));
}

Task<PartInfo> FileMultipart::receive_part(const Context& context, const UploadId& upload,
                                           PartPlace place, Upload part) {
  auto begin = [uploads = uploads_, upload, place] { return uploads->begin_part(upload, place); };
  GODWIT_CO_TRY(const std::shared_ptr<File> file, co_await run_blocking(world_, std::move(begin)));
  GODWIT_CO_CHECK(co_await receive_into(context, *file, place.offset, part));
  auto end = [uploads = uploads_, file, upload, place, size = part.size] {
    return uploads->end_part(upload, place, size, *file);
  };
  co_return co_await run_blocking(world_, std::move(end));
}

Task<PartInfo> FileMultipart::copy_part(const Context& context, const UploadId& upload,
                                        PartPlace place, const CopySource& source) {
  GetOptions options;
  options.range = source.range;
  options.if_match = source.if_match;
  GODWIT_CO_TRY(GetResult got, co_await source.store->get(context, source.key, options));
  const Upload part{got.body.get(), source.range ? source.range->size : got.info.size};
  co_return co_await put_part(context, upload, place, part);
}

Task<std::vector<PartInfo>> FileMultipart::parts(const Context& context, const UploadId& upload) {
  GODWIT_CO_CHECK(context.check());
  auto work = [upload](Uploads& uploads) { return uploads.parts(upload); };
  co_return co_await run("list parts", upload.key, std::move(work));
}

Task<PutResult> FileMultipart::complete(const Context& context, const UploadId& upload,
                                        std::span<const PartInfo> parts,
                                        const PutOptions& options) {
  GODWIT_CO_CHECK(context.check());
  auto work = [upload, wanted = std::vector(parts.begin(), parts.end()),
               options](Uploads& uploads) { return uploads.complete(upload, wanted, options); };
  co_return co_await run("complete upload", upload.key, std::move(work));
}

Task<void> FileMultipart::abort(const Context&, const UploadId& upload) {
  auto work = [id = upload.id](Uploads& uploads) { return uploads.remove(id); };
  co_return co_await run("abort upload", upload.key, std::move(work));
}

Task<std::vector<UploadId>> FileMultipart::list(const Context& context, const std::string& prefix) {
  GODWIT_CO_CHECK(context.check());
  auto work = [prefix](Uploads& uploads) { return uploads.list(prefix); };
  co_return co_await run("list uploads", prefix, std::move(work));
}

}  // namespace godwit::file
