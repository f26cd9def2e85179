#pragma once

#include <span>
#include <string_view>

#include "http/server.h"

// The dashboard's files (web/), which are in the program itself: nothing is read while it runs.
namespace godwit::service {

struct Asset {
  std::string_view name;  ///< "app.js"
  std::string_view bytes;
  std::string_view gzip;  ///< the same, compressed
  std::string_view etag;  ///< of the bytes, in its quotes
};

/// All of them; the build makes it (cmake/EmbedFiles.cmake).
[[nodiscard]] std::span<const Asset> assets();
/// Null where there is none of exactly that name.
[[nodiscard]] const Asset* find_asset(std::string_view name);
/// Compressed where `asked` takes that; 304 where it names this version. The page may load and ask
/// nothing but this daemon, and runs no script but these files.
[[nodiscard]] http::Answer answer_with(const Asset& asset, const http::Headers& asked);

}  // namespace godwit::service
