#include "store/s3/s3_credentials.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "store/s3/s3_profile.h"
#include "world/disk.h"
#include "world/signal.h"

namespace godwit::s3 {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRefreshBefore = 5min;
/// After a refresh that failed, and for keys that are (nearly) expired when they come: a clock
/// that is off must not make every call fetch anew.
constexpr Duration kRefreshPause = 30s;

asio::awaitable<void> wake_at(World& world, MonoTime deadline, CancelToken stopped,
                              Signal& sleeper) {
  const Result<void> slept = co_await world.sleep_until(deadline, std::move(stopped));
  if (slept) sleeper.notify_all();
}

}  // namespace

/// A look for keys that several callers wait for.
struct CredentialsProvider::Fetch {
  explicit Fetch(World& world) : changed(world.executor()), owner(world.executor()) {}

  std::optional<Result<http::Credentials>> answer;
  std::size_t waiting = 0;
  Signal changed;
  CancelSource stop;
  TaskGroup owner;
};

CredentialsProvider::CredentialsProvider(World& world, http::Transport& transport,
                                         const Config& config, const StoreSpec& spec)
    : world_(world),
      transport_(transport),
      signing_(config.signing),
      profile_(config.profile),
      profile_from_(config.profile_from) {
  const OptionReader options(spec, option_table());
  const auto secret = [&options](const char* name) {
    const std::string* value = options.secret(name);
    return value == nullptr ? std::string() : *value;
  };
  given_ = {secret("access_key"), secret("secret_key"), secret("session_token")};
}

CredentialsProvider::~CredentialsProvider() { assert(!fetch_); }

bool CredentialsProvider::valid() const { return current_ && world_.wall_now() < expires_; }

const http::Credentials* CredentialsProvider::ready() const {
  return valid() && world_.wall_now() < refresh_at_ ? &*current_ : nullptr;
}

bool CredentialsProvider::expire(const http::Credentials& keys) {
  if (!current_ || expires_ == WallTime::max()) return false;
  const bool same = current_->session_token == keys.session_token;
  if (same) expires_ = WallTime::min();
  return true;
}

Task<http::Credentials> CredentialsProvider::get(const Context& context) {
  if (const http::Credentials* keys = ready()) co_return *keys;
  GODWIT_CO_CHECK(context.check());
  const bool first = !fetch_;
  if (first) fetch_ = std::make_shared<Fetch>(world_);
  const std::shared_ptr<Fetch> fetch = fetch_;
  ++fetch->waiting;
  if (first) {
    // Others go on with the old keys meanwhile, while those are valid.
    refresh_at_ = world_.wall_now() + kRefreshPause;
    fetch->owner.spawn(run(*fetch));
  }
  const Result<void> waited = co_await wait(context, *fetch);
  if (--fetch->waiting == 0) co_await leave(*fetch);
  if (!waited) co_return fail(Error(waited.error()).because_of("waiting for credentials"));
  if (!*fetch->answer && valid()) co_return *current_;
  co_return *fetch->answer;
}

/// Returns when there is an answer. Failure: cancelled and timed_out of this caller.
Task<void> CredentialsProvider::wait(const Context& context, Fetch& fetch) {
  const CancelRegistration registration =
      context.cancel().on_cancel([&fetch] { fetch.changed.notify_all(); });
  CancelSource no_alarm;
  TaskGroup alarm(world_.executor());
  if (context.deadline() != kNoDeadline) {
    alarm.spawn(wake_at(world_, context.deadline(), no_alarm.token(), fetch.changed));
  }
  Result<void> wanted;
  while (!fetch.answer && wanted) {
    co_await fetch.changed.wait();
    wanted = context.check();
  }
  no_alarm.cancel();
  co_await alarm.join();
  if (fetch.answer) co_return Result<void>();
  co_return wanted;
}

/// The last one that waited goes: nobody is left to want the answer, or to join.
asio::awaitable<void> CredentialsProvider::leave(Fetch& fetch) {
  if (fetch_.get() == &fetch)
    fetch_ = nullptr;  // who comes now needs one that is not being stopped
  fetch.stop.cancel();
  co_await fetch.owner.join();
}

/// `fetch` is kept by those who wait for it, the last of whom joins.
asio::awaitable<void> CredentialsProvider::run(Fetch& fetch) {
  const Context context = Context(world_).with_cancel(fetch.stop.token());
  Result<TemporaryKeys> found = co_await find(context);
  if (fetch_.get() == &fetch) fetch_ = nullptr;
  if (found) {
    take(*found);
    fetch.answer = std::move(found->keys);
  } else {
    fetch.answer = fail(std::move(found).error());
  }
  fetch.changed.notify_all();
}

void CredentialsProvider::take(const TemporaryKeys& found) {
  const WallTime soon = world_.wall_now() + kRefreshPause;
  current_ = found.keys;
  expires_ = std::max(found.expires, soon);
  refresh_at_ = expires_ == WallTime::max() ? expires_ : std::max(expires_ - kRefreshBefore, soon);
}

Task<TemporaryKeys> CredentialsProvider::find(const Context& context) {
  if (signing_ == Signing::anonymous) co_return TemporaryKeys{};
  if (!given_.anonymous()) co_return TemporaryKeys{given_};
  GODWIT_CO_TRY(std::optional<http::Credentials> keys, from_environment());
  if (keys) co_return TemporaryKeys{*std::move(keys)};
  GODWIT_CO_TRY(keys, co_await from_profile());
  if (keys) co_return TemporaryKeys{*std::move(keys)};
  GODWIT_CO_TRY(std::optional<TemporaryKeys> fetched,
                co_await keys_of_container(context, transport_));
  if (fetched) co_return *std::move(fetched);
  GODWIT_CO_TRY(fetched, co_await keys_of_instance(context, transport_));
  if (fetched) co_return *std::move(fetched);
  co_return fail(
      Error(Code::permission_denied, "no credentials were found for profile '" + profile_ + "'")
          .with_hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write "
                     "~/.aws/credentials, or name keys in godwit.toml"));
}

Result<std::optional<http::Credentials>> CredentialsProvider::from_environment() const {
  // A profile that the URL names is meant for this store, the environment for all.
  if (profile_from_ == ProfileFrom::option) return std::nullopt;
  const std::string access_key = world_.environment("AWS_ACCESS_KEY_ID").value_or("");
  const std::string secret_key = world_.environment("AWS_SECRET_ACCESS_KEY").value_or("");
  if (access_key.empty() != secret_key.empty()) {
    const std::string missing = access_key.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY";
    return fail(Error(Code::invalid_argument, "the environment has half a pair of keys")
                    .with_hint("set " + missing));
  }
  if (!access_key.empty()) {
    return http::Credentials{access_key, secret_key,
                             world_.environment("AWS_SESSION_TOKEN").value_or("")};
  }
  if (world_.environment("AWS_WEB_IDENTITY_TOKEN_FILE")) {
    return fail(Error(Code::invalid_argument,
                      "AWS_WEB_IDENTITY_TOKEN_FILE is a way to keys that godwit does not go itself")
                    .with_hint("let the AWS CLI go it: eval \"$(aws configure export-credentials "
                               "--format env)\""));
  }
  return std::nullopt;
}

Task<std::optional<http::Credentials>> CredentialsProvider::from_profile() {
  auto load = [&world = world_, profile = profile_] { return load_profile(world, profile); };
  GODWIT_CO_TRY(const std::optional<Settings> settings,
                co_await run_blocking(world_, std::move(load)));
  if (settings) co_return keys_of(*settings, profile_);
  if (profile_from_ == ProfileFrom::fallback) co_return std::nullopt;
  // Other keys in place of those of the profile would be a surprise.
  co_return fail(Error(Code::invalid_argument, "there is no profile '" + profile_ + "'")
                     .with_hint("see ~/.aws/config and ~/.aws/credentials"));
}

}  // namespace godwit::s3
