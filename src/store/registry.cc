#include "store/registry.h"

#include <algorithm>
#include <utility>

#include "base/suggest.h"

namespace godwit {

void StoreRegistry::add(SchemeInfo info) { schemes_.push_back(std::move(info)); }

Result<std::unique_ptr<Store>> StoreRegistry::open(World& world, const StoreSpec& spec) const {
  const auto found = std::ranges::find(schemes_, spec.scheme, &SchemeInfo::scheme);
  if (found == schemes_.end()) {
    std::vector<std::string> known;
    for (const SchemeInfo& info : schemes_) known.push_back(info.scheme);
    return fail(Error(Code::invalid_argument, "'" + spec.scheme + ":' is not a kind of store")
                    .with_hint(suggest(spec.scheme, known)));
  }
  GODWIT_CHECK(OptionReader(spec, found->options).check());
  return found->open(world, spec);
}

}  // namespace godwit
