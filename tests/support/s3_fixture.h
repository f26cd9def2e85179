#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "store/s3/s3_store.h"
#include "support/fake_world.h"
#include "support/run_task.h"
#include "support/scripted_transport.h"

namespace godwit::test {

/// An S3 store whose service is a function of the test.
class S3Fixture : public testing::Test {
 protected:
  S3Fixture() { world.variables = {{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "s"}}; }

  /// Answers each request by `script`.
  void open(const std::string& url, ScriptedTransport::Script script) {
    transport.asked.clear();
    transport.script = std::move(script);
    const StoreSpec spec = parse_store_url(url, "/").value();
    store = s3::s3_scheme(transport).open(world, spec).value();
  }
  template <class T>
  Result<T> run(Task<T> task) {
    return test::run_task(world, std::move(task));
  }
  Result<ObjectInfo> head() { return run(store->head(Context(world), key)); }
  Result<PutResult> put(std::string bytes, const PutOptions& options = {}) {
    const Bytes size = bytes.size();
    MemoryBody body(std::move(bytes));
    return run(store->put(Context(world), key, {&body, size}, options));
  }
  Result<std::string> get() { return run(read(Context(world), *store, key)); }

  static Task<std::string> read(Context context, Store& from, std::string name) {
    const GetOptions options;
    GODWIT_CO_TRY(GetResult got, co_await from.get(context, name, options));
    co_return co_await read_all(*got.body, kGiB);
  }

  FakeWorld world;
  ScriptedTransport transport{world, {}};
  std::unique_ptr<Store> store;
  const std::string key = "k";
};

}  // namespace godwit::test
