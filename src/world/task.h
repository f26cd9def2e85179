#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.h"

namespace godwit {

namespace asio = boost::asio;

/// A coroutine that yields a value or an Error. Await it at once; spawn only named functions that
/// take their arguments by value (see TaskGroup).
template <class T>
using Task = asio::awaitable<Result<T>>;

}  // namespace godwit
