#include "replication/copies.h"

namespace godwit::replication {

Copies::Copies(Engine& engine) : engine_(engine), slots_(engine.world, transfer::Slots::kMost) {
  const Bytes part_size = engine.config.part_size;
  options_.part_size = part_size;
  options_.multipart_threshold = 4 * part_size;
  options_.state_directory = engine.state_directory;
}

}  // namespace godwit::replication
