#pragma once

#include <cstdint>

#include "store/capabilities.h"
#include "store/object.h"
#include "transfer/options.h"

namespace godwit::transfer {

enum class Verdict : std::uint8_t { same, different, unproven };

/// What two rows of listings prove about one key. Pure and quick: it runs once per key.
class Comparison {
 public:
  Comparison(const Capabilities& source, const Capabilities& target);

  /// Sizes, then content tokens where both stores' tokens tell the content.
  /// `unproven`: the same size, and the tokens do not compare (other part sizes, or none, or one
  /// is doubtful).
  [[nodiscard]] Verdict content(const ListEntry& source, const ListEntry& target) const;
  /// True when the target must be copied again under `mode`. `unproven` pairs are decided by
  /// time: stores that keep the source's time must agree on it, elsewhere the target must not be
  /// older. A target in doubt is copied again under each. Under Compare::checksum they are not
  /// decided here: ask `content` first.
  [[nodiscard]] bool needs_copy(const ListEntry& source, const ListEntry& target,
                                Compare mode) const;

 private:
  [[nodiscard]] bool older(const ListEntry& source, const ListEntry& target) const;

  bool tokens_compare_;
  bool times_are_kept_;
};

/// What two content tokens prove about bodies of one size.
[[nodiscard]] Verdict compare_tokens(std::string_view source, std::string_view target, Bytes size);

}  // namespace godwit::transfer
