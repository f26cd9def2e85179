#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/spec.h"
#include "store/store.h"

namespace godwit {

/// Opens a store of one scheme. Starts no I/O: what cannot be reached fails at the first call.
using StoreOpener = std::function<Result<std::unique_ptr<Store>>(World&, const StoreSpec&)>;

/// A kind of store; docs/reference/stores.md says what is in here. Texts may have Markdown.
struct SchemeInfo {
  std::string scheme;
  std::string url;          ///< how its URLs look: "s3://BUCKET/PREFIX"
  std::string description;  ///< a sentence
  std::vector<OptionInfo> options;
  std::string notes;  ///< what else its user must know, in sentences
  StoreOpener open;
};

/// The kinds of stores that a program knows; each is added by an explicit call.
class StoreRegistry {
 public:
  void add(SchemeInfo info);
  [[nodiscard]] const std::vector<SchemeInfo>& schemes() const { return schemes_; }
  /// Failure: invalid_argument for a scheme or option that is not known, with the nearest match.
  [[nodiscard]] Result<std::unique_ptr<Store>> open(World& world, const StoreSpec& spec) const;

 private:
  std::vector<SchemeInfo> schemes_;
};

}  // namespace godwit
