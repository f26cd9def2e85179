#include "api/schemes.h"

#include <array>

#include "store/file/file_store.h"
#include "store/memory/memory_store.h"
#include "store/rocksdb/rocks_store.h"
#include "store/s3/s3_store.h"

namespace godwit::api {
namespace {

struct Kind {
  const char* name;
  SchemeInfo (*scheme)(http::Transport& transport, kv::Engine& engine);
};

constexpr std::array kKinds{
    Kind{"s3", [](http::Transport& transport, kv::Engine&) { return s3::s3_scheme(transport); }},
    Kind{"file", [](http::Transport&, kv::Engine&) { return file::file_scheme(); }},
    Kind{"memory", [](http::Transport&, kv::Engine&) { return memory_scheme(); }},
    Kind{"rocksdb",
         [](http::Transport&, kv::Engine& engine) { return rocks::rocksdb_scheme(engine); }}};

}  // namespace

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

void add_schemes(StoreRegistry& registry, http::Transport& transport, kv::Engine& engine) {
  for (const Kind& kind : kKinds) registry.add(kind.scheme(transport, engine));
}

}  // namespace godwit::api
