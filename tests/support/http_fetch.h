#pragma once

#include <string>
#include <utility>

#include "http/transport.h"

namespace godwit::test {

struct Answer {
  unsigned status = 0;
  std::string body;
  bool repeated = false;
};

/// Sends, and reads all of the answer (up to 64 MiB).
inline Task<Answer> fetch(http::Transport& client, Context context, http::Request& request) {
  GODWIT_CO_TRY(http::Response response, co_await client.send(context, request));
  GODWIT_CO_TRY(std::string body, co_await read_all(*response.body, 64 * kMiB));
  co_return Answer{response.status, std::move(body), response.repeated};
}

}  // namespace godwit::test
