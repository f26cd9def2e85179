#include "replication/requests.h"

#include <algorithm>
#include <utility>

#include "replication/versioned.h"

namespace godwit {

std::string_view to_string(JobState state) {
  switch (state) {
    case JobState::pending: return "pending";
    case JobState::in_progress: return "in_progress";
    case JobState::completed: return "completed";
    case JobState::failed: return "failed";
  }
  std::unreachable();
}

namespace replication {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(10);

bool has_ended(const TargetJob& job) {
  return job.state == JobState::completed || job.state == JobState::failed;
}

/// Of all targets together.
JobState state_of(const std::vector<TargetJob>& targets) {
  const auto ended = std::ranges::count_if(targets, has_ended);
  if (ended < std::ssize(targets)) return ended > 0 ? JobState::in_progress : JobState::pending;
  const bool failed = std::ranges::count(targets, JobState::failed, &TargetJob::state) > 0;
  return failed ? JobState::failed : JobState::completed;
}

}  // namespace

Task<std::uint64_t> Requests::ask(const Context& context, const std::string& key,
                                  Priority priority) {
  GODWIT_CO_CHECK(check_user_key(key));
  GODWIT_CO_TRY(const auto pass, co_await engine_.gate.enter(context));
  GODWIT_CO_TRY(const auto there, co_await look(context, *engine_.primary, key));
  if (!there) {
    co_return fail(Error(Code::not_found, "the primary has no such object")
                       .at(place_of(*engine_.primary, "head", key)));
  }
  GODWIT_CO_CHECK(make_room());
  GODWIT_CO_CHECK(co_await engine_.journal.compare(key, priority));
  // Nothing has run since the tasks were made.
  auto& request = requests_[++last_];
  request = std::make_unique<Request>();
  request->status = {.key = key, .size = there->size, .asked = engine_.world.wall_now()};
  listen(*request);
  co_return last_;
}

Result<void> Requests::make_room() {
  if (requests_.size() < kMost) return {};
  for (auto each = requests_.begin(); each != requests_.end(); ++each) {
    settle(*each->second);
    const JobState state = each->second->status.state;
    if (state == JobState::pending || state == JobState::in_progress) continue;
    requests_.erase(each);
    return {};
  }
  return fail(Code::limit_exceeded, std::to_string(kMost) + " requests have not ended");
}

void Requests::listen(Request& request) {
  for (const auto& [name, target] : engine_.targets) {
    const std::size_t index = request.parts.size();
    auto heard = [&request, index](const std::string&, const Ending& ending) {
      TargetJob& job = request.status.targets[index];
      job.state = ending.error ? JobState::failed : JobState::completed;
      job.error = ending.error;
    };
    request.status.targets.push_back({.target = name});
    auto listener = std::make_unique<Endings::Listener>(engine_.endings, name, std::move(heard));
    listener->expect(request.status.key);
    const auto* queue = engine_.journal.target(name);
    request.parts.push_back(
        {.listener = std::move(listener), .collapses = queue == nullptr ? 0 : queue->collapses()});
  }
}

/// Some parts end without a delivery.
void Requests::settle(Request& request) const {
  for (std::size_t i = 0; i < request.parts.size(); ++i) {
    TargetJob& job = request.status.targets[i];
    if (has_ended(job)) continue;
    if (job.target == engine_.config.primary) {
      job.state = JobState::completed;
      continue;
    }
    const auto* queue = engine_.journal.target(job.target);
    if (queue == nullptr) {
      job.state = JobState::failed;
      job.error = Error(Code::not_found, "the target was removed");
    } else if (queue->collapses() != request.parts[i].collapses && !queue->must_compare()) {
      // Compared as a whole instead.
      job.state = JobState::completed;
    }
  }
  request.status.state = state_of(request.status.targets);
}

Result<JobStatus> Requests::status(std::uint64_t number) {
  const auto found = requests_.find(number);
  if (found == requests_.end()) return fail(Code::not_found, "the job is forgotten");
  settle(*found->second);
  return found->second->status;
}

Task<JobStatus> Requests::wait(const Context& context, std::uint64_t number) {
  while (true) {
    GODWIT_CO_TRY(JobStatus status, this->status(number));
    if (status.state == JobState::completed) co_return std::move(status);
    for (const TargetJob& job : status.targets) {
      if (job.error && status.state == JobState::failed) co_return fail(Error(*job.error));
    }
    auto waited = co_await context.sleep(kLook);
    if (waited) continue;
    co_return fail(Error(waited.error().code(), "'" + status.key + "' is not everywhere yet")
                       .with_hint("it goes on by itself"));
  }
}

}  // namespace replication
}  // namespace godwit
