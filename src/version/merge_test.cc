#include "version/merge.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <stdexcept>

#include "version/builtin_mergers.h"
#include "version/json_text.h"

namespace godwit {
namespace {

Version version(std::uint64_t time) { return {1, HybridTime{time}, "a"}; }

Result<std::string> merge(const std::string& name, const MergeSide& ours, const MergeSide& theirs) {
  return Mergers().find(name).value()({ours, theirs, ""});
}
/// Ours is the older one.
std::string merged(const std::string& name, const std::string& ours, const std::string& theirs) {
  return merge(name, {ours, version(1)}, {theirs, version(2)}).value();
}
Code refusal(const std::string& name, const std::string& ours, const std::string& theirs) {
  const auto result = merge(name, {ours, version(1)}, {theirs, version(2)});
  return result ? Code::internal : result.error().code();
}

/// Bodies from a seed, of so few values that they often meet.
class Bodies {
 public:
  using Draw = std::string (Bodies::*)();

  explicit Bodies(std::uint64_t seed) : random_(seed) {}

  std::string json() { return object(2); }
  std::string counter() {
    std::string text = "{";
    for (const std::string name : {"p", "n"}) {
      if (below(4) == 0) continue;
      text += (text.size() > 1 ? ", \"" : "\"") + name + "\": {";
      if (below(4) != 0) text += "\"a\": " + std::to_string(below(3));
      text += "}";
    }
    return text + "}";
  }
  std::string set() {
    static const char* const elements[] = {"1",    "1.0",         "\"x\"", "null",
                                           "true", "\"\\u0078\"", "10"};
    std::string text = "[";
    for (auto count = below(5); count > 0; --count) {
      if (text.size() > 1) text += ", ";
      text += elements[below(std::size(elements))];
    }
    return text + "]";
  }
  std::string number() {
    static const char* const numbers[] = {"0",   "-0.0", "1",  "01",    "1.50", "1.5", "-1.5",
                                          " 2 ", "10\n", "-9", "9.999", "-10",  "0.05"};
    return numbers[below(std::size(numbers))];
  }

  /// Bodies of few versions, and what comes of merging some of them.
  std::vector<MergeSide> samples(const Merger& merger, Draw draw) {
    std::vector<MergeSide> all;
    while (all.size() < 6) {
      all.push_back({(this->*draw)(), {1, HybridTime{below(4)}, std::string(1, "ab"[below(2)])}});
    }
    for (std::size_t i = 0; i < 3; ++i) {
      auto body = merger({all[i], all[i + 1], ""}).value();
      all.push_back({std::move(body), std::max(all[i].version, all[i + 1].version)});
    }
    return all;
  }

 private:
  std::string object(int depth) {
    std::string text = "{";
    for (const char* const name : {"a", "b", "/", "~c"}) {
      if (below(2) == 0) continue;
      text += std::string(text.size() > 1 ? ", \"" : "\"") + name + "\": " + value(depth);
    }
    return text + "}";
  }
  std::string value(int depth) {
    static const char* const values[] = {"1", "2", "\"x\"", "null", "[1, 2]", "{}", "2.0"};
    const bool nested = depth > 0 && below(3) == 0;
    return nested ? object(depth - 1) : values[below(std::size(values))];
  }
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_() % end); }

  std::mt19937_64 random_;
};

void expect_lawful(const std::string& name, Bodies::Draw draw) {
  const Merger merger = Mergers().find(name).value();
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const auto broken = check_merger(merger, Bodies(seed).samples(merger, draw), "");
    if (!broken) continue;
    ADD_FAILURE() << name << " is not " << to_string(broken->law) << ", seed " << seed << ": "
                  << broken->one << " or " << broken->other;
    for (const MergeSide& side : broken->on) {
      ADD_FAILURE() << side.body << " at " << side.version.to_text();
    }
    return;
  }
}

TEST(Mergers, that_are_built_in_are_commutative_associative_and_idempotent) {
  expect_lawful("json", &Bodies::json);
  expect_lawful("counter", &Bodies::counter);
  expect_lawful("set", &Bodies::set);
  expect_lawful("max", &Bodies::number);
  expect_lawful("min", &Bodies::number);
}

TEST(JsonMerger, takes_what_one_side_has_and_the_newer_of_what_differs) {
  EXPECT_EQ(merged("json", R"({"x": 1, "deep": {"a": 1}})", R"({"x": 2, "deep": {"a": 2}})"),
            R"({"deep":{"a":2},"x":2})");
  const std::string both = merged("json", R"({"x": 1, "y": {"a": [1]}})", R"({"y": {"b": [2]}})");
  EXPECT_EQ(both, R"({".godwit":{"of":")" + version(2).to_text() + R"(","older":{")" +
                      version(1).to_text() + R"(":["/x","/y/a"]}},"x":1,"y":{"a":[1],"b":[2]}})");
}

TEST(JsonMerger, takes_arrays_as_a_whole_and_objects_before_what_is_none) {
  EXPECT_EQ(merged("json", R"({"x":[1,2]})", R"({"x":[3]})"), R"({"x":[3]})");
  EXPECT_EQ(merged("json", R"({"x":1})", R"({"x":{"a":1}})"), R"({"x":{"a":1}})");
  EXPECT_EQ(merged("json", R"({"x":{}})", R"({"x":1})"), R"({"x":{}})");
}

TEST(JsonMerger, knows_the_age_of_values_that_a_merged_body_took_from_its_older_part) {
  const std::string both =
      merge("json", {R"({"x":1})", version(1)}, {R"({"y":1})", version(3)}).value();
  const std::string later = merge("json", {both, version(3)}, {R"({"x":2})", version(2)}).value();
  EXPECT_TRUE(later.ends_with(R"("x":2,"y":1})")) << later;
  const std::string rewritten =
      merge("json", {both, version(4)}, {R"({"x":2})", version(2)}).value();
  EXPECT_EQ(rewritten, R"({"x":1,"y":1})") << "the writer of version 4 had chosen all of it";
}

TEST(JsonMerger, refuses_what_is_no_object_or_has_no_end_of_depth_or_a_forged_note) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  const std::string note = R"({".godwit":{"of":"x","older":{}}})";
  const std::string future = R"({".godwit":{"of":")" + version(1).to_text() + R"(","older":{")" +
                             version(2).to_text() + R"(":["/x"]}}})";
  for (const std::string& body : {std::string(), std::string("{"), std::string("[]"),
                                  std::string("{\"x\":\"\xff\"}"), deep, note, future}) {
    EXPECT_EQ(refusal("json", body, "{}"), Code::invalid_argument) << body.substr(0, 40);
    EXPECT_EQ(refusal("json", "{}", body), Code::invalid_argument) << body.substr(0, 40);
  }
}

TEST(CounterMerger, keeps_the_greater_count_of_each_node) {
  EXPECT_EQ(
      merged("counter", R"({"p":{"a":3,"b":1}})", R"({"p":{"a":2,"c":18446744073709551615}})"),
      R"({"p":{"a":3,"b":1,"c":18446744073709551615}})");
  EXPECT_EQ(merged("counter", R"({"p":{"a":3}})", R"({"n":{"a":2}})"),
            R"({"n":{"a":2},"p":{"a":3}})");
}

TEST(CounterMerger, refuses_counts_that_are_negative_or_none) {
  for (const char* body :
       {R"({"p":{"a":-1}})", R"({"p":{"a":1.5}})", R"({"p":{"a":"1"}})",
        R"({"p":{"a":18446744073709551616}})", R"({"p":1})", R"({"q":{}})", "[]", "1"}) {
    EXPECT_EQ(refusal("counter", body, "{}"), Code::invalid_argument) << body;
  }
}

TEST(SetMerger, is_the_sorted_union_of_scalars) {
  EXPECT_EQ(merged("set", R"(["b", 10, 1])", R"(["a", "b", true])"), R"(["a","b",1,10,true])");
  EXPECT_EQ(merged("set", "[]", "[]"), "[]");
  for (const char* body : {"{}", "[[1]]", "[{}]", "1", ""}) {
    EXPECT_EQ(refusal("set", body, "[]"), Code::invalid_argument) << body;
  }
}

TEST(DecimalMergers, compare_numbers_of_any_length_by_value) {
  const std::string huge = "1" + std::string(100, '0');
  EXPECT_EQ(merged("max", huge, huge + ".001\n"), huge + ".001");
  EXPECT_EQ(merged("min", huge, "-" + huge), "-" + huge);
  EXPECT_EQ(merged("max", "-2", "-10"), "-2");
  EXPECT_EQ(merged("min", "-0.05", "-0.5"), "-0.5");
  EXPECT_EQ(merged("max", "9", "10.10"), "10.1");
  EXPECT_EQ(merged("max", "-0", "0.00"), "0");
  for (const char* body : {"", " ", "1e3", "0x1", "1.", ".5", "--1", "1 2", "nan", "+1"}) {
    EXPECT_EQ(refusal("max", body, "1"), Code::invalid_argument) << body;
  }
}

TEST(Mergers, are_found_by_name_or_suggested) {
  Mergers mergers;
  EXPECT_EQ(mergers.names(), (std::vector<std::string>{"counter", "json", "max", "min", "set"}));
  EXPECT_EQ(mergers.find("jsn").error().hint(), "did you mean 'json'?");
  const Merger ours = [](const MergeInput& input) { return input.ours.body; };
  EXPECT_EQ(mergers.add("json", ours).error().code(), Code::precondition_failed);
  EXPECT_EQ(mergers.add("", ours).error().code(), Code::invalid_argument);
  EXPECT_EQ(mergers.add("mine", nullptr).error().code(), Code::invalid_argument);
  ASSERT_TRUE(mergers.add("mine", ours));
  EXPECT_EQ(mergers.find("mine").value()({{"1", {}}, {"2", {}}, ""}).value(), "1");
}

TEST(Mergers, that_throw_or_meet_too_much_refuse) {
  const MergeInput small{{"1", {}}, {"2", {}}, ""};
  const auto thrown =
      call_merger([](auto&) -> Result<std::string> { throw std::runtime_error("no"); }, small);
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code(), Code::invalid_argument);
  EXPECT_EQ(thrown.error().message(), "the merger threw: no");
  EXPECT_FALSE(call_merger([](auto&) -> Result<std::string> { throw 1; }, small));

  const std::string large(kLargestMergeBody + 1, '1');
  const Merger constant = [](auto&) { return std::string(); };
  EXPECT_EQ(call_merger(constant, {{large, {}}, {"1", {}}, ""}).error().code(),
            Code::limit_exceeded);
  EXPECT_EQ(call_merger(constant, {{"1", {}}, {large, {}}, ""}).error().code(),
            Code::limit_exceeded);
  EXPECT_EQ(call_merger([&](auto&) { return large + "1"; }, small).error().code(),
            Code::limit_exceeded);
}

std::optional<MergeLaw> law_broken_by(const Merger& merger) {
  const auto broken =
      check_merger(merger, {{"1", version(1)}, {"20", version(2)}, {"3", version(3)}}, "");
  return broken ? std::optional(broken->law) : std::nullopt;
}

TEST(CheckMerger, tells_the_law_that_a_callback_breaks) {
  EXPECT_EQ(law_broken_by([](const MergeInput& in) { return in.ours.body; }),
            MergeLaw::commutative);
  const Merger sum = [](const MergeInput& in) {
    return std::to_string(std::stoi(in.ours.body) + std::stoi(in.theirs.body));
  };
  EXPECT_EQ(law_broken_by(sum), MergeLaw::idempotent);
  const Merger lengths = [](const MergeInput& in) {
    return std::string(std::max(in.ours.body, in.theirs.body).size() == 1 ? "20" : "3");
  };
  EXPECT_TRUE(law_broken_by(lengths));
  const Merger newest = [](const MergeInput& in) {
    return in.ours.version > in.theirs.version ? in.ours.body : in.theirs.body;
  };
  EXPECT_EQ(law_broken_by(newest), std::nullopt);
}

TEST(CheckMerger, finds_what_only_three_bodies_show) {
  // Of rock, paper and scissors each pair has a winner, whichever side it is on.
  const Merger game = [](const MergeInput& in) {
    const std::string pair = in.ours.body + in.theirs.body;
    const bool ours = pair == "rs" || pair == "sp" || pair == "pr";
    return ours ? in.ours.body : in.theirs.body;
  };
  const auto broken =
      check_merger(game, {{"r", version(1)}, {"p", version(1)}, {"s", version(1)}}, "");
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->law, MergeLaw::associative);
  EXPECT_EQ(broken->on.size(), 3U);
  EXPECT_NE(broken->one, broken->other);
}

TEST(CheckMerger, holds_refusals_to_the_laws) {
  const Merger picky = [](const MergeInput& in) -> Result<std::string> {
    if (in.ours.body == "20") return fail(Code::invalid_argument, "not 20");
    return std::max(in.ours.body, in.theirs.body);
  };
  EXPECT_EQ(law_broken_by(picky), MergeLaw::commutative);
}

TEST(JsonMerger, merges_documents_up_to_the_bound_of_depth) {
  const auto nested = [](int depth) {
    const auto count = static_cast<std::size_t>(depth);
    return R"({"x":)" + std::string(count, '[') + std::string(count, ']') + "}";
  };
  EXPECT_EQ(merged("json", "{}", nested(kDeepestJson - 1)), nested(kDeepestJson - 1));
  EXPECT_EQ(refusal("json", "{}", nested(kDeepestJson + 1)), Code::invalid_argument);
}

}  // namespace
}  // namespace godwit
