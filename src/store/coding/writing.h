#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/coding/coded_upload.h"
#include "store/coding/coding_spec.h"
#include "store/coding/mark.h"
#include "store/coding/reading.h"
#include "store/store.h"

namespace godwit::coding {

/// What writes to a coded store share. What they refer to outlives this; `keys` may be null.
class Writing {
 public:
  Writing(World& world, Store& inner, Reading& reading, CodingSpec spec, const KeyRing* keys)
      : world_(world), inner_(inner), reading_(reading), spec_(std::move(spec)), keys_(keys) {}

  /// As Store::put.
  [[nodiscard]] Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                                    const PutOptions& options);

  /// Bodies are changed at all; else they pass on as they are.
  [[nodiscard]] bool changes() const { return spec_.changes(); }
  /// How the next body is coded: with a salt of its own. Callers may turn compression off.
  [[nodiscard]] Coding new_coding();
  /// `options` for the store below: of a body coded so, of which `size` and `etag` are known, or
  /// not.
  [[nodiscard]] PutOptions marked(const PutOptions& options, const Coding& coding,
                                  std::optional<Bytes> size, std::string etag) const;
  /// `options` with the token of Condition::matches as the store below knows it.
  /// Failure: precondition_failed when the object is another version; unsupported.
  [[nodiscard]] Task<PutOptions> translated(const Context& context, const std::string& key,
                                            const PutOptions& options);
  /// What a put tells of a body with this token (empty: not known), stored as `stored`.
  [[nodiscard]] static PutResult told(const PutResult& stored, const std::string& etag,
                                      const std::optional<Md5Digest>& md5);

 private:
  struct Coded;
  [[nodiscard]] Task<PutResult> put_small(const Context& context, const std::string& key,
                                          std::string body, const PutOptions& options);
  [[nodiscard]] Task<PutResult> put_large(const Context& context, const std::string& key,
                                          Upload upload, const PutOptions& options);
  [[nodiscard]] Task<PutResult> put_coded(const Context& context, const std::string& key,
                                          Upload upload, const PutOptions& options,
                                          const Coding& coding);
  [[nodiscard]] Coded code(const std::string& body, const PutOptions& options, Coding coding) const;

  World& world_;
  Store& inner_;
  Reading& reading_;
  CodingSpec spec_;
  const KeyRing* keys_;
};

}  // namespace godwit::coding
