#include "godwit/error.h"

#include <utility>

namespace godwit {
namespace {

/// Codes that speak of the moment, not of the call, may be tried again unless somebody says no.
Retry default_retry(Code code) {
  switch (code) {
    case Code::throttled:
    case Code::unavailable:
    case Code::timed_out: return Retry::later;
    default: return Retry::never;
  }
}

void fill_if_empty(std::string& field, std::string&& value) {
  if (field.empty()) field = std::move(value);
}

}  // namespace

struct Error::Detail {
  std::string message;
  std::string hint;
  Where where;
  std::optional<std::chrono::milliseconds> retry_after;
};

Error::Error(Code code, std::string message)
    : detail_(std::make_unique<Detail>()), code_(code), retry_(default_retry(code)) {
  detail_->message = std::move(message);
}

Error::Error(const Error& other)
    : detail_(std::make_unique<Detail>(*other.detail_)),
      code_(other.code_),
      retry_(other.retry_),
      outcome_(other.outcome_) {}

Error& Error::operator=(const Error& other) {
  if (this != &other) *this = Error(other);
  return *this;
}

Error::Error(Error&&) noexcept = default;
Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

const std::string& Error::message() const { return detail_->message; }
const Where& Error::where() const { return detail_->where; }
const std::string& Error::hint() const { return detail_->hint; }
std::optional<std::chrono::milliseconds> Error::retry_after() const { return detail_->retry_after; }

Error&& Error::with(Retry retry) && {
  retry_ = retry;
  return std::move(*this);
}

Error&& Error::with(Outcome outcome) && {
  outcome_ = outcome;
  return std::move(*this);
}

Error&& Error::with_hint(std::string hint) && {
  detail_->hint = std::move(hint);
  return std::move(*this);
}

Error&& Error::with_retry_after(std::chrono::milliseconds pause) && {
  detail_->retry_after = pause;
  return std::move(*this);
}

Error&& Error::at(Where where) && {
  Where& mine = detail_->where;
  fill_if_empty(mine.region, std::move(where.region));
  fill_if_empty(mine.store, std::move(where.store));
  fill_if_empty(mine.operation, std::move(where.operation));
  fill_if_empty(mine.key, std::move(where.key));
  return std::move(*this);
}

Error&& Error::because_of(std::string_view context) && {
  detail_->message = std::string(context) + ": " + detail_->message;
  return std::move(*this);
}

std::string Error::to_string() const {
  const Where& place = detail_->where;
  std::string line;
  if (!place.store.empty()) line += place.store + ": ";
  if (!place.operation.empty()) {
    line += place.operation;
    if (!place.key.empty()) line += " '" + place.key + "'";
    line += ": ";
  } else if (!place.key.empty()) {
    line += "'" + place.key + "': ";
  }
  line += detail_->message;
  if (!detail_->hint.empty()) line += " (" + detail_->hint + ")";
  return line;
}

std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid_argument: return "invalid_argument";
    case Code::not_found: return "not_found";
    case Code::precondition_failed: return "precondition_failed";
    case Code::permission_denied: return "permission_denied";
    case Code::throttled: return "throttled";
    case Code::unavailable: return "unavailable";
    case Code::timed_out: return "timed_out";
    case Code::cancelled: return "cancelled";
    case Code::corrupted: return "corrupted";
    case Code::no_space: return "no_space";
    case Code::unsupported: return "unsupported";
    case Code::limit_exceeded: return "limit_exceeded";
    case Code::internal: return "internal";
  }
  std::unreachable();
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::not_applied: return "not_applied";
    case Outcome::applied: return "applied";
    case Outcome::unknown: return "unknown";
  }
  std::unreachable();
}

}  // namespace godwit
