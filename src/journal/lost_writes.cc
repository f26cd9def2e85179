#include "journal/lost_writes.h"

#include <utility>

#include "journal/rows.h"
#include "kv/database.h"
#include "world/world.h"

namespace godwit::journal {
namespace {

const std::string kFirst = lost_key("");
constexpr std::string_view kLost = "l";
constexpr std::string_view kWritten = "w";  // since then; beside the row of all

}  // namespace

Result<LostWrites::Kept> LostWrites::read(kv::Database& database) {
  const kv::Range range{.first = kFirst, .end = after(kFirst), .most = 1};
  GODWIT_TRY(const auto rows, database.scan(range));
  return Kept{.any = !rows.empty(), .all = !rows.empty() && rows.front().key == kFirst};
}

Task<void> LostWrites::keep(std::vector<std::string> keys, Which which) {
  const bool all = which == Which::all;
  if (all) keys.emplace_back();
  if (keys.empty()) co_return Result<void>();
  kept_ = {.any = true, .all = kept_.all || all};
  Step step{[keys = std::move(keys)](Transaction& transaction) -> Result<void> {
              for (const std::string& key : keys) {
                transaction.put(lost_key(key), std::string(kLost));
              }
              return {};
            },
            {}};
  co_return co_await committer_.durable(std::move(step));
}

void LostWrites::written(const std::string& key) {
  if (!kept_.any) return;
  committer_.later(
      {[row = lost_key(key), all = kept_.all](Transaction& transaction) -> Result<void> {
         if (all) {
           transaction.put(row, std::string(kWritten));
         } else {
           transaction.erase(row);
         }
         return {};
       },
       {}});
}

Task<bool> LostWrites::may_have(const std::string& key) {
  if (!kept_.any) co_return false;
  // What was written since may be on its way to the database.
  GODWIT_CO_CHECK(co_await committer_.flush());
  auto work = [&database = database_, row = lost_key(key)] { return database.get(row); };
  GODWIT_CO_TRY(const auto found, co_await run_blocking(world_, std::move(work)));
  co_return found ? *found == kLost : kept_.all;
}

void LostWrites::clear() {
  if (!kept_.any) return;
  kept_ = {};
  committer_.later({[](Transaction& transaction) -> Result<void> {
                      transaction.erase_range(kFirst, after(kFirst));
                      return {};
                    },
                    {}});
}

}  // namespace godwit::journal
