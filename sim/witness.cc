#include "sim/witness.h"

#include <utility>

#include "store/layers/forwarding.h"

namespace godwit::sim {
namespace {

std::unexpected<Error> process_ended() {
  return fail(Error(Code::unavailable, "the process has ended").with(Retry::never));
}

/// A body that ends with its process.
class MortalBody final : public Body {
 public:
  MortalBody(const Testimony& testimony, std::unique_ptr<Body> inner)
      : testimony_(testimony), inner_(std::move(inner)) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    testimony_.step();
    if (testimony_.dead()) co_return process_ended();
    co_return co_await inner_->read(into);
  }

 private:
  const Testimony& testimony_;
  std::unique_ptr<Body> inner_;
};

/// The body that is being sent: the peer hears no more of it once the process is dead.
class SentBody final : public Body {
 public:
  SentBody(const Testimony& testimony, Body* inner) : testimony_(testimony), inner_(inner) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    Result<std::size_t> count = co_await inner_->read(into);
    if (testimony_.dead()) co_return process_ended();
    co_return count;
  }

 private:
  const Testimony& testimony_;
  Body* inner_;
};

class MortalListing final : public Listing {
 public:
  MortalListing(const Testimony& testimony, std::unique_ptr<Listing> inner)
      : testimony_(testimony), inner_(std::move(inner)) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    testimony_.step();
    if (testimony_.dead()) co_return process_ended();
    co_return co_await inner_->next(context);
  }

 private:
  const Testimony& testimony_;
  std::unique_ptr<Listing> inner_;
};

class Witness final : public ForwardingStore {
 public:
  Witness(std::unique_ptr<Store> inner, Testimony testimony)
      : ForwardingStore(std::move(inner)), testimony_(std::move(testimony)) {}

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_CHECK(alive());
    co_return co_await inner().head(context, key);
  }

  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    GODWIT_CO_CHECK(alive());
    GODWIT_CO_TRY(GetResult got, co_await inner().get(context, key, options));
    got.body = std::make_unique<MortalBody>(testimony_, std::move(got.body));
    co_return got;
  }

  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    GODWIT_CO_CHECK(alive());
    SentBody body(testimony_, upload.body);
    const Upload sent{&body, upload.size};
    Result<PutResult> stored = co_await inner().put(context, key, sent, options);
    note_write(key, stored);
    if (stored && heard()) {
      testimony_.acknowledged->put_done(key, History::claimed_version(options.metadata));
    }
    co_return stored;
  }

  Task<PutResult> copy(const Context& context, const std::string& key, const CopySource& source,
                       const PutOptions& options) override {
    GODWIT_CO_CHECK(alive());
    Result<PutResult> stored = co_await inner().copy(context, key, source, options);
    note_write(key, stored);
    if (stored && heard()) testimony_.acknowledged->put_done(key, std::nullopt);
    co_return stored;
  }

  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    GODWIT_CO_CHECK(alive());
    if (testimony_.acknowledged != nullptr) {
      for (const std::string& key : keys) testimony_.acknowledged->remove_begins(key);
    }
    co_return co_await inner().remove(context, keys);
  }

  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return std::make_unique<MortalListing>(testimony_, inner().list(options));
  }

  Task<void> flush(const Context& context) override {
    GODWIT_CO_CHECK(alive());
    co_return co_await inner().flush(context);
  }

  // Multipart.

  Task<UploadId> create(const Context& context, const std::string& key,
                        const PutOptions& options) override {
    GODWIT_CO_CHECK(alive());
    GODWIT_CO_TRY(UploadId upload, co_await inner().multipart()->create(context, key, options));
    const auto version = History::claimed_version(options.metadata).value_or(0);
    if (keeps_parts()) testimony_.parts->upload_begins(upload.id, key, version);
    co_return upload;
  }

  Task<PartInfo> put_part(const Context& context, const UploadId& upload, PartPlace place,
                          Upload part) override {
    GODWIT_CO_CHECK(alive());
    if (keeps_parts()) testimony_.parts->part_begins(upload.id);
    SentBody body(testimony_, part.body);
    const Upload sent{&body, part.size};
    Result<PartInfo> stored = co_await inner().multipart()->put_part(context, upload, place, sent);
    note_part(upload, place, stored);
    co_return stored;
  }

  Task<PartInfo> copy_part(const Context& context, const UploadId& upload, PartPlace place,
                           const CopySource& source) override {
    GODWIT_CO_CHECK(alive());
    if (keeps_parts()) testimony_.parts->part_begins(upload.id);
    Result<PartInfo> stored =
        co_await inner().multipart()->copy_part(context, upload, place, source);
    note_part(upload, place, stored);
    co_return stored;
  }

  Task<std::vector<PartInfo>> parts(const Context& context, const UploadId& upload) override {
    GODWIT_CO_CHECK(alive());
    co_return co_await inner().multipart()->parts(context, upload);
  }

  Task<PutResult> complete(const Context& context, const UploadId& upload,
                           std::span<const PartInfo> parts, const PutOptions& options) override {
    GODWIT_CO_CHECK(alive());
    Result<PutResult> stored =
        co_await inner().multipart()->complete(context, upload, parts, options);
    note_write(upload.key, stored);
    if (stored && keeps_parts()) testimony_.parts->upload_ends(upload.id);
    if (stored && heard()) {
      const auto version = History::claimed_version(options.metadata);
      testimony_.acknowledged->put_done(upload.key, version);
    }
    co_return stored;
  }

  Task<void> abort(const Context& context, const UploadId& upload) override {
    GODWIT_CO_CHECK(alive());
    if (keeps_parts()) testimony_.parts->upload_ends(upload.id);
    co_return co_await inner().multipart()->abort(context, upload);
  }

  Task<std::vector<UploadId>> list(const Context& context, const std::string& prefix) override {
    GODWIT_CO_CHECK(alive());
    co_return co_await inner().multipart()->list(context, prefix);
  }

 private:
  [[nodiscard]] Result<void> alive() const {
    testimony_.step();
    if (testimony_.dead()) return process_ended();
    return {};
  }
  [[nodiscard]] bool heard() const {
    return testimony_.acknowledged != nullptr && !testimony_.dead();
  }
  void note_write(const std::string& key, const Result<PutResult>& stored) {
    if (stored && testimony_.wrote) testimony_.wrote(key);
  }
  void note_part(const UploadId& upload, PartPlace place, const Result<PartInfo>& stored) {
    if (!keeps_parts()) return;
    if (stored) testimony_.parts->part_done(upload.id, place.number);
    if (!stored) testimony_.parts->part_failed(upload.id);
  }
  [[nodiscard]] bool keeps_parts() const {
    return testimony_.parts != nullptr && !testimony_.dead();
  }

  Testimony testimony_;
};

}  // namespace

std::unique_ptr<Store> with_witness(std::unique_ptr<Store> inner, Testimony testimony) {
  return std::make_unique<Witness>(std::move(inner), std::move(testimony));
}

}  // namespace godwit::sim
