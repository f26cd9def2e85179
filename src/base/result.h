#pragma once

#include <expected>
#include <utility>

#include "godwit/error.h"

namespace godwit {

/// `return fail(Code::invalid_argument, "part size is 0");`
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(Args&&... args) {
  return std::unexpected<Error>(std::in_place, std::forward<Args>(args)...);
}
[[nodiscard]] inline std::unexpected<Error> fail(Error&& error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace godwit

#define GODWIT_CONCAT_INNER(a, b) a##b
#define GODWIT_CONCAT(a, b) GODWIT_CONCAT_INNER(a, b)

/// `GODWIT_TRY(auto page, parse(text));` declares `page`, or returns the error of `parse`.
/// The CO_ forms are the same inside a coroutine; `expression` then begins with co_await.
#define GODWIT_TRY_WITH(keyword, temporary, declaration, expression)     \
  auto temporary = (expression);                                         \
  if (!temporary) keyword std::unexpected(std::move(temporary).error()); \
  declaration = *std::move(temporary)
#define GODWIT_TRY(declaration, expression) \
  GODWIT_TRY_WITH(return, GODWIT_CONCAT(try_, __LINE__), declaration, expression)
#define GODWIT_CO_TRY(declaration, expression) \
  GODWIT_TRY_WITH(co_return, GODWIT_CONCAT(try_, __LINE__), declaration, expression)

/// The same for a `Result<void>`, or when the value is not wanted.
#define GODWIT_CHECK_WITH(keyword, temporary, expression) \
  if (auto temporary = (expression); !temporary)          \
  keyword std::unexpected(std::move(temporary).error())
#define GODWIT_CHECK(expression) \
  GODWIT_CHECK_WITH(return, GODWIT_CONCAT(try_, __LINE__), expression)
#define GODWIT_CO_CHECK(expression) \
  GODWIT_CHECK_WITH(co_return, GODWIT_CONCAT(try_, __LINE__), expression)
