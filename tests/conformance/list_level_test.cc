// What listings of one level promise: the entries are the keys up to the next '/', and the prefixes
// that go deeper; each comes once, in order, if its own name lies between the bounds.
#include <map>

#include "conformance/fixture.h"

namespace godwit::conformance {
namespace {

using Keys = std::vector<std::string>;

class ListLevel : public Conformance {
 protected:
  void make_tree() {
    for (const char* key : {"a!", "a/1", "a/2/x", "a/2/y", "a/3", "ab", "abc/d", "b/1/2/3", "b0",
                            "c/d!", "c/d/e", "c/d0", "d", "\xc3\xa9/f"}) {
      ASSERT_TRUE(put(key, "x")) << key;
      all_.emplace_back(key);
    }
  }

  /// The law itself, applied to all keys: name and whether it is a prefix.
  [[nodiscard]] std::map<std::string, bool> expected(const ListOptions& options) const {
    std::map<std::string, bool> entries;
    for (const std::string& key : all_) {
      if (!key.starts_with(options.prefix)) continue;
      const std::size_t slash = key.find('/', options.prefix.size());
      const bool deeper = slash != std::string::npos;
      const std::string name = deeper ? key.substr(0, slash + 1) : key;
      const bool before = options.end_before.empty() || name < options.end_before;
      if (name > options.start_after && before) entries[name] = deeper;
    }
    return entries;
  }

  void check(const ListOptions& options) {
    const std::map<std::string, bool> wanted = expected(options);
    const std::vector<ListEntry> found = list(options);
    Keys names;
    for (const ListEntry& entry : found) {
      names.push_back(entry.key);
      const auto known = wanted.find(entry.key);
      if (known == wanted.end()) continue;
      EXPECT_EQ(entry.is_prefix, known->second) << entry.key;
    }
    Keys wanted_names;
    for (const auto& [name, deeper] : wanted) wanted_names.push_back(name);
    EXPECT_EQ(names, wanted_names)
        << "prefix '" << options.prefix << "' after '" << options.start_after << "' before '"
        << options.end_before << "' by " << options.page_size;
  }

  static ListOptions level(const std::string& prefix = {}) {
    ListOptions options;
    options.depth = Depth::level;
    options.prefix = prefix;
    return options;
  }

 private:
  Keys all_;
};
GODWIT_CONFORMANCE(ListLevel);

TEST_P(ListLevel, each_prefix_comes_once_whatever_the_page) {
  make_tree();
  for (const char* prefix : {"", "a", "a/", "a/2", "a/2/", "b/1/", "c/", "c/d", "none/", "d"}) {
    for (const std::size_t page_size : {1UL, 2UL, 3UL, 1000UL}) {
      ListOptions options = level(prefix);
      options.page_size = page_size;
      check(options);
    }
  }
}

TEST_P(ListLevel, starts_after_a_key_or_between_keys) {
  make_tree();
  for (const char* after : {"!", "a", "a!", "a\"", "ab", "abb", "b0", "d", "zz"}) {
    for (const std::size_t page_size : {1UL, 1000UL}) {
      ListOptions options = level();
      options.start_after = after;
      options.page_size = page_size;
      check(options);
    }
  }
}

TEST_P(ListLevel, starts_after_a_prefix_without_it) {
  make_tree();
  for (const char* after : {"a/", "abc/", "b/", "\xc3\xa9/"}) {
    ListOptions options = level();
    options.start_after = after;
    check(options);
  }
}

TEST_P(ListLevel, a_start_inside_a_prefix_leaves_it_out) {
  make_tree();
  for (const char* after : {"a/0", "a/1", "a/2/", "a/2/x", "a/zz", "b/1/2/3", "c/d/"}) {
    for (const std::size_t page_size : {1UL, 1000UL}) {
      ListOptions options = level();
      options.start_after = after;
      options.page_size = page_size;
      check(options);
    }
  }
}

TEST_P(ListLevel, starts_and_ends_below_a_prefix) {
  make_tree();
  for (const char* after : {"a/", "a/1", "a/2/", "a/2/x", "a/3", "b"}) {
    for (const char* before : {"", "a/2/", "a/2/y", "a/3", "a/4"}) {
      ListOptions options = level("a/");
      options.start_after = after;
      options.end_before = before;
      check(options);
    }
  }
}

TEST_P(ListLevel, an_end_inside_a_prefix_keeps_it) {
  make_tree();
  for (const char* before : {"a/0", "a/1", "a/2/x", "b/1", "c/d/"}) {
    ListOptions options = level();
    options.end_before = before;
    check(options);
  }
}

TEST_P(ListLevel, an_end_at_a_prefix_leaves_it_out) {
  make_tree();
  for (const char* before : {"a!", "a/", "ab", "abc/", "b/", "b0", "c/"}) {
    ListOptions options = level();
    options.end_before = before;
    check(options);
  }
}

TEST_P(ListLevel, what_was_removed_leaves_no_empty_prefix) {
  ASSERT_TRUE(put("a/b/c", "x"));
  ASSERT_TRUE(put("d", "x"));
  ASSERT_TRUE(remove("a/b/c"));
  EXPECT_EQ(keys(level()), Keys{"d"});
}

}  // namespace
}  // namespace godwit::conformance
