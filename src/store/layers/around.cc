#include "store/layers/around.h"

#include <utility>

namespace godwit {

std::string_view to_string(Operation operation) {
  static constexpr std::array<std::string_view, kOperations> kNames = {
      "head",         "get",           "put",      "copy",      "remove",     "list",
      "flush",        "create_upload", "put_part", "copy_part", "list_parts", "complete_upload",
      "abort_upload", "list_uploads"};
  return kNames[static_cast<std::size_t>(operation)];
}

void Around::after(const Context&, const StoreCall&, const Ended&) {}

std::unique_ptr<Body> Around::watch(std::unique_ptr<Body> body) { return body; }

// `run` is no coroutine: it hands on the inner store's task.
template <class T, class F>
Task<T> Around::around(const Context& context, StoreCall call, F run) {
  const MonoTime start = context.world().mono_now();
  GODWIT_CO_TRY(const Context narrowed, co_await before(context, call));
  Result<T> result = co_await run(narrowed);
  after(
      context, call,
      {.error = result ? nullptr : &result.error(), .elapsed = context.world().mono_now() - start});
  co_return result;
}

class Around::PageByPage final : public Listing {
 public:
  PageByPage(Around& layer, std::unique_ptr<Listing> inner)
      : layer_(layer), inner_(std::move(inner)) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    const auto run = [this](const Context& narrowed) { return inner_->next(narrowed); };
    return layer_.around<std::vector<ListEntry>>(context, {Operation::list}, run);
  }

 private:
  Around& layer_;
  std::unique_ptr<Listing> inner_;
};

Task<ObjectInfo> Around::head(const Context& context, const std::string& key) {
  const auto run = [this, &key](const Context& c) { return inner().head(c, key); };
  return around<ObjectInfo>(context, {Operation::head, key}, run);
}

Task<GetResult> Around::get(const Context& context, const std::string& key,
                            const GetOptions& options) {
  const auto run = [this, &key, &options](const Context& c) {
    return inner().get(c, key, options);
  };
  const StoreCall call{Operation::get, key};
  GODWIT_CO_TRY(GetResult got, co_await around<GetResult>(context, call, run));
  got.body = watch(std::move(got.body));
  co_return got;
}

Task<PutResult> Around::put(const Context& context, const std::string& key, Upload upload,
                            const PutOptions& options) {
  const auto run = [this, &key, upload, &options](const Context& c) {
    return inner().put(c, key, upload, options);
  };
  return around<PutResult>(context, {Operation::put, key, upload.size}, run);
}

Task<PutResult> Around::copy(const Context& context, const std::string& key,
                             const CopySource& source, const PutOptions& options) {
  const auto run = [this, &key, &source, &options](const Context& c) {
    return inner().copy(c, key, source, options);
  };
  return around<PutResult>(context, {Operation::copy, key}, run);
}

Task<std::vector<Result<void>>> Around::remove(const Context& context,
                                               std::span<const std::string> keys) {
  const auto run = [this, keys](const Context& c) { return inner().remove(c, keys); };
  const std::string_view first = keys.empty() ? std::string_view() : keys.front();
  return around<std::vector<Result<void>>>(context, {Operation::remove, first}, run);
}

std::unique_ptr<Listing> Around::list(const ListOptions& options) {
  return std::make_unique<PageByPage>(*this, inner().list(options));
}

Task<void> Around::flush(const Context& context) {
  const auto run = [this](const Context& c) { return inner().flush(c); };
  return around<void>(context, {Operation::flush}, run);
}

Task<UploadId> Around::create(const Context& context, const std::string& key,
                              const PutOptions& options) {
  const auto run = [this, &key, &options](const Context& c) {
    return ForwardingStore::create(c, key, options);
  };
  return around<UploadId>(context, {Operation::create_upload, key}, run);
}

Task<PartInfo> Around::put_part(const Context& context, const UploadId& upload, PartPlace place,
                                Upload part) {
  const auto run = [this, &upload, place, part](const Context& c) {
    return ForwardingStore::put_part(c, upload, place, part);
  };
  return around<PartInfo>(context, {Operation::put_part, upload.key, part.size}, run);
}

Task<PartInfo> Around::copy_part(const Context& context, const UploadId& upload, PartPlace place,
                                 const CopySource& source) {
  const auto run = [this, &upload, place, &source](const Context& c) {
    return ForwardingStore::copy_part(c, upload, place, source);
  };
  return around<PartInfo>(context, {Operation::copy_part, upload.key}, run);
}

Task<std::vector<PartInfo>> Around::parts(const Context& context, const UploadId& upload) {
  const auto run = [this, &upload](const Context& c) { return ForwardingStore::parts(c, upload); };
  return around<std::vector<PartInfo>>(context, {Operation::list_parts, upload.key}, run);
}

Task<PutResult> Around::complete(const Context& context, const UploadId& upload,
                                 std::span<const PartInfo> parts, const PutOptions& options) {
  const auto run = [this, &upload, parts, &options](const Context& c) {
    return ForwardingStore::complete(c, upload, parts, options);
  };
  return around<PutResult>(context, {Operation::complete_upload, upload.key}, run);
}

Task<void> Around::abort(const Context& context, const UploadId& upload) {
  const auto run = [this, &upload](const Context& c) { return ForwardingStore::abort(c, upload); };
  return around<void>(context, {Operation::abort_upload, upload.key}, run);
}

Task<std::vector<UploadId>> Around::list(const Context& context, const std::string& prefix) {
  const auto run = [this, &prefix](const Context& c) { return ForwardingStore::list(c, prefix); };
  return around<std::vector<UploadId>>(context, {Operation::list_uploads}, run);
}

}  // namespace godwit
