#pragma once

#include <memory>

#include "http/connection.h"
#include "http/response_head.h"

namespace godwit::http {

/// The body that follows `head` on the leased connection, which goes back to the pool at the
/// body's end, or is closed when the body is destroyed before with much of it still to come.
/// `if_cut`: what a failure of the body says about the request that it answers.
[[nodiscard]] std::unique_ptr<Body> make_response_body(const Context& context, Lease lease,
                                                       const ResponseHead& head, Outcome if_cut);

}  // namespace godwit::http
