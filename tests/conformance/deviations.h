#pragma once

#include <string_view>

#include "conformance/stores.h"

namespace godwit::conformance {

/// Parts of the contract that some store does not keep. All others are asserted plainly.
enum class Law {
  complete_keeps_conditions,           ///< completing an upload heeds PutOptions::condition
  complete_knows_its_uploads,          ///< completing an upload that is gone is not_found
  copy_knows_the_version,              ///< CopySource::if_match is heeded
  metadata_keep_spaces_at_their_ends,  ///< or are refused
  metadata_names_keep_underscores,     ///< or are refused
};

/// Success when the store keeps the law and no row says otherwise, or breaks it as a row says. A
/// row that is no longer true is a failure, so that the table never says too much.
[[nodiscard]] testing::AssertionResult keeps(Kind store, Law law, bool kept);

/// Whether the store may answer the losers of a race of put_if_match with an error of unknown
/// outcome. No row of the table, since it depends on who comes when.
[[nodiscard]] bool may_leave_losers_in_doubt(Kind store);

/// Why the store cannot hold this key, as its README says; empty if it must hold it. That keys are
/// UTF-8 of 1 to 1024 bytes without a NUL is everybody's law, and not told here.
[[nodiscard]] std::string_view refusal_of(Kind store, std::string_view key);

}  // namespace godwit::conformance
