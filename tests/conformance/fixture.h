#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "conformance/deviations.h"
#include "conformance/stores.h"
#include "http/client.h"
#include "support/run_task.h"
#include "world/real/real_world.h"
#include "world/signal.h"

namespace godwit::conformance {

// Calls as values: what they are given lives in their frame.

[[nodiscard]] Task<std::string> read_object(Context context, Store& store, std::string key,
                                            GetOptions options);
[[nodiscard]] Task<PutResult> put_object(Context context, Store& store, std::string key,
                                         std::string bytes, PutOptions options);
[[nodiscard]] Task<std::vector<ListEntry>> list_objects(Context context, Store& store,
                                                        ListOptions options);
[[nodiscard]] Task<PartInfo> put_part_of(Context context, Store& store, UploadId upload,
                                         PartPlace place, std::string bytes);

/// May the same write be made again because it certainly did nothing?
[[nodiscard]] bool is_passing(const Error& error);

[[nodiscard]] std::string random_bytes(std::size_t size, unsigned seed);
/// Of `size` bytes, with elements that a file system takes.
[[nodiscard]] std::string long_key(std::size_t size);

/// One empty store of the kind of the test's parameter, and short words for calls on it.
class Conformance : public testing::TestWithParam<Kind> {
 protected:
  Conformance();
  ~Conformance() override;

  template <class T>
  Result<T> run(Task<T> task) {
    return test::run_task(world_, std::move(task));
  }

  /// Over layers with chaos.
  [[nodiscard]] static bool has_bad_days() {
    return GetParam() == Kind::layers || GetParam() == Kind::sealed_layers;
  }

  /// Makes `call()` again while its failure is one that passes. Only the layers have such: retries
  /// leave writes to who has the body.
  template <class F>
  auto insist(F call) {
    auto result = run(call());
    while (has_bad_days() && !result && is_passing(result.error())) {
      result = run(call());
    }
    return result;
  }

  Result<PutResult> put(const std::string& key, const std::string& bytes,
                        const PutOptions& options = {});
  Result<std::string> get(const std::string& key, const GetOptions& options = {});
  Result<std::string> get_range(const std::string& key, Bytes offset, Bytes size);
  Result<ObjectInfo> head(const std::string& key);
  Result<PutResult> copy(const std::string& from, const std::string& to,
                         const PutOptions& options = {});
  Result<PutResult> copy(const CopySource& from, const std::string& to,
                         const PutOptions& options = {});
  /// Removes one key, alone.
  Result<void> remove(const std::string& key);
  std::vector<ListEntry> list(const ListOptions& options = {});
  std::vector<std::string> keys(const ListOptions& options = {});

  [[nodiscard]] CopySource source(const std::string& key);
  [[nodiscard]] const Capabilities& can() const { return opened_.store->capabilities(); }
  [[nodiscard]] Store& store() { return *opened_.store; }
  [[nodiscard]] const Context& context() const { return context_; }
  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] std::size_t longest_key() const { return opened_.longest_key; }

  [[nodiscard]] static testing::AssertionResult keeps(Law law, bool kept) {
    return conformance::keeps(GetParam(), law, kept);
  }
  [[nodiscard]] static std::string_view refusal(std::string_view key) {
    return refusal_of(GetParam(), key);
  }

 private:
  Task<void> close_client();

  RealWorld world_;
  Context context_{world_};
  std::unique_ptr<http::Client> client_;
  Opened opened_;
};

[[nodiscard]] std::string name_of(const testing::TestParamInfo<Kind>& info);

}  // namespace godwit::conformance

/// A theme of the battery, and the stores that it runs on.
#define GODWIT_CONFORMANCE(theme)                                                                \
  INSTANTIATE_TEST_SUITE_P(                                                                      \
      Local, theme,                                                                              \
      testing::Values(Kind::memory, Kind::layers, Kind::file, Kind::rocksdb, Kind::rocksdb_sim,  \
                      Kind::coded_memory, Kind::coded_file, Kind::sealed_file,                   \
                      Kind::sealed_layers),                                                      \
      name_of);                                                                                  \
  INSTANTIATE_TEST_SUITE_P(Rgw, theme, testing::Values(Kind::s3_a, Kind::s3_b, Kind::s3_signed), \
                           name_of)
