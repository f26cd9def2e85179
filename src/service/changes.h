#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "godwit/replicated_store.h"
#include "service/change_queue.h"
#include "service/config.h"
#include "world/real/directory_watch.h"
#include "world/real/real_thread.h"

namespace godwit::service {

/// When keys are looked at that a service has told of.
struct LookTimes {
  /// Services may tell of a change before it has taken effect: Ceph waits for our answer first.
  Duration first = std::chrono::seconds(1);
  /// After a look that found nothing new: the store may have been slow to show it. The last one.
  Duration once_more = std::chrono::seconds(10);
};

/// Hears of what others write to the primary of a group, and has it noticed: from webhooks, from
/// the kernel where the primary is a directory, and by scans. One scan at the start tells what
/// happened while nobody listened.
/// Concurrency: any thread; it has some of its own.
class Changes {
 public:
  /// `store` outlives this, and is closed before this is destroyed: that ends what is under way.
  Changes(World& world, ReplicatedStore& store, const DetectConfig& config,
          std::shared_ptr<LogSink> log, const LookTimes& times = {});
  Changes(Changes&&) = delete;
  ~Changes();

  /// Keys of the primary at which something may have happened.
  /// Failure: throttled, with a pause, when too many wait.
  [[nodiscard]] Result<void> offer(std::span<const std::string> keys);
  /// A store more that may become primary one day.
  void add_place(const std::string& name, const StoreSpec& place);
  /// Nothing is begun any more; what waits is found by the scan of the next start.
  void stop();

 private:
  void notice_all();
  void notice(Change change);
  void scan_all();
  /// How long until the next scan, after one that ended so.
  [[nodiscard]] Duration until_next(const Result<ScanReport>& report);
  void tell(const Result<ScanReport>& report) const;
  [[nodiscard]] Duration interval() const;
  void ask_for_scan();
  void watch_all();
  void watch_once();
  [[nodiscard]] std::optional<StoreSpec> place_of(const std::string& store);
  [[nodiscard]] bool open_watch();
  void heed(const DirectoryWatch::Changes& seen);
  /// False once it is stopped.
  [[nodiscard]] bool pause(Duration duration);

  ReplicatedStore& store_;
  const DetectConfig config_;
  LookTimes times_;
  std::shared_ptr<LogSink> log_;
  ChangeQueue queue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  bool scan_wanted_ = true;
  std::map<std::string, StoreSpec> places_;  ///< of the group's stores, by name
  Duration after_failure_{};
  std::atomic<bool> moved_ = false;  ///< the primary, since the watch was opened
  std::atomic<bool> blind_ = false;  ///< the kernel does not tell of all directories
  std::uint64_t handler_ = 0;
  std::unique_ptr<DirectoryWatch> watch_;  // of the watcher's thread
  std::vector<RealThread> threads_;
};

}  // namespace godwit::service
