#pragma once

#include <sys/types.h>

#include <string>

namespace godwit {

/// As open(2) of an absolute path, but no symbolic link is followed, neither in the last element
/// nor on the way there, whatever others do to the tree meanwhile: a link gives ELOOP or ENOTDIR.
/// -1 and errno on failure. `mode` counts only when `flags` has O_CREAT.
[[nodiscard]] int open_without_links(const std::string& path, int flags, mode_t mode = 0);

/// The same on kernels before 5.6, which lack openat2(2): element by element.
[[nodiscard]] int open_by_steps(const std::string& path, int flags, mode_t mode = 0);

}  // namespace godwit
