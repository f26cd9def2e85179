#pragma once

#include "transfer/copy.h"
#include "transfer/options.h"

namespace godwit::transfer {

enum class PairClass : std::uint8_t { same, different, metadata_only };

/// Whether two objects of one size hold the same bytes: by tokens that one side has and a hash of
/// the other, or by hashes of both. Reads what it must, in bounded memory.
/// Failure: of the reads.
[[nodiscard]] Task<bool> same_content(const Context& context, const StorePair& stores,
                                      const ListEntry& source, const ListEntry& target);

/// Whether metadata say the same of one object at two stores; what a store does not keep is no
/// difference.
[[nodiscard]] bool same_metadata(const Capabilities& source, const Capabilities& target,
                                 const Metadata& a, const Metadata& b);

/// Compares one key beyond what listings tell: metadata, and contents as `level` asks.
/// `bytes_read` grows by what was read. Failure: of the reads; `where()` says which side.
[[nodiscard]] Task<PairClass> check_objects(const Context& context, const StorePair& stores,
                                            const std::string& key, VerifyLevel level,
                                            Bytes& bytes_read);

}  // namespace godwit::transfer
