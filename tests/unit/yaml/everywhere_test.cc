// One row is all that an option takes: a struct of the test's own is found wherever options are.
#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/yaml/field_page.h"
#include "cluster/yaml/json_schema.h"
#include "cluster/yaml/read_fields.h"
#include "protocol/control/settings.h"

namespace soliton {
namespace {

enum class Gait : std::uint8_t { kWalk, kRun };

struct Inner {
  Duration rest = milliseconds(2);
};

struct Horse {
  std::int64_t legs = 4;
  Gait gait = Gait::kWalk;
  Inner inner;
};

constexpr Field kInnerRows[] = {
    field<&Inner::rest>("rest", "How long it rests.").between(Duration{0}, milliseconds(1'000))};
constexpr FieldTable kInnerFields = fields_of<Inner>("inner", kInnerRows);
constexpr FieldWord kGaits[] = {word("walk", Gait::kWalk), word("run", Gait::kRun)};
constexpr Field kHorseRows[] = {
    field<&Horse::legs>("legs", "What it stands on.")
        .between(1, 8)
        .trade("it falls", "it stumbles"),
    field<&Horse::gait>("gait", "How it moves.").spelled(kGaits),
    map_field<&Horse::inner, kInnerFields>("inner", "Its inner life."),
};
constexpr FieldTable kHorseFields = fields_of<Horse>("horse", kHorseRows);

Checked<Horse> read(const std::string& text) {
  const Checked<YamlValue> yaml = parse_yaml(text, "horse.yaml");
  if (!yaml) return tl::unexpected<Diagnostics>(yaml.error());
  ReadContext context("horse.yaml", {});
  MapReader map(context, *yaml, kHorseFields, "");
  Horse horse;
  read_fields(map, kHorseFields, &horse);
  map.finish();
  if (context.failed()) return tl::unexpected<Diagnostics>(context.take());
  return horse;
}

TEST(AField, IsReadWithItsLimitsAndNearestNames) {
  const Checked<Horse> horse = read("legs: 6\ngait: run\ninner: {rest: 5 us}\n");
  ASSERT_TRUE(horse) << horse.error().text();
  EXPECT_EQ(horse->legs, 6);
  EXPECT_EQ(horse->gait, Gait::kRun);
  EXPECT_EQ(horse->inner.rest, microseconds(5));
  EXPECT_EQ(read("legs: 9\ngiat: run\ninner: {rest: 2 s}\n").error().text(),
            "horse.yaml:1:7: legs: 9 is not between 1 and 8\n"
            "horse.yaml:2:1: unknown key \"giat\"; did you mean \"gait\"?\n"
            "horse.yaml:3:15: inner.rest: 2 s is not between 0 s and 1 s\n");
}

TEST(AField, IsWrittenAsItIsRead) {
  const Horse horse{6, Gait::kRun, {microseconds(5)}};
  EXPECT_EQ(FieldWriter("").flow(kHorseFields, &horse),
            "{legs: 6, gait: run, inner: {rest: 5 us}}");
}

TEST(AField, TravelsInADeployment) {
  const Horse horse{6, Gait::kRun, {microseconds(5)}};
  capnp::MallocMessageBuilder message;
  auto bytes = message.initRoot<wire::Settings>();
  write_fields(kHorseFields, &horse, bytes);
  Horse got;
  read_fields(kHorseFields, bytes.asReader(), &got);
  EXPECT_EQ(got.legs, 6);
  EXPECT_EQ(got.gait, Gait::kRun);
  EXPECT_EQ(got.inner.rest, microseconds(5));
}

TEST(AField, IsInTheSchema) {
  const Json schema = json_schema(kHorseFields, "Horse",
                                  [](std::string_view) { return std::vector<std::string>{}; });
  const auto& properties = schema.at("$defs").at("horse").at("properties");
  EXPECT_EQ(properties.at("legs").at("default"), "4");
  EXPECT_EQ(properties.at("legs").at("anyOf")[0].at("maximum"), 8);
  EXPECT_EQ(properties.at("gait").at("anyOf")[0].at("enum"), (Json{"walk", "run"}));
  EXPECT_EQ(properties.at("inner").at("anyOf")[0].at("$ref"), "#/$defs/inner");
  EXPECT_TRUE(schema.at("$defs").at("inner").at("properties").contains("rest"));
}

TEST(AField, IsInThePage) {
  EXPECT_EQ(field_page(kHorseFields),
            "| key | default | meaning |\n|---|---|---|\n"
            "| `legs` | `4` | What it stands on. 1 to 8. Lower: it falls. Higher: it stumbles. |\n"
            "| `gait` | `walk` | How it moves. `walk`, `run`. |\n"
            "| `inner` |  | Its inner life. |\n");
  const Result<std::string> page = with_field_pages(
      "a\n<!-- fields: inner -->\nold\n<!-- /fields -->\nb\n", {&kHorseFields, &kInnerFields});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(*page,
            "a\n<!-- fields: inner -->\n| key | default | meaning |\n|---|---|---|\n"
            "| `rest` | `2 ms` | How long it rests. 0 s to 1 s. |\n<!-- /fields -->\nb\n");
  EXPECT_THAT(with_field_pages("<!-- fields: innner -->\n<!-- /fields -->", {&kInnerFields})
                  .error()
                  .message,
              testing::HasSubstr("did you mean \"inner\"?"));
}

TEST(AField, IsCompleted) {
  using testing::ElementsAre;
  EXPECT_THAT(set_completions(kHorseFields, ""), ElementsAre("legs=", "gait=", "inner."));
  EXPECT_THAT(set_completions(kHorseFields, "g"), ElementsAre("gait="));
  EXPECT_THAT(set_completions(kHorseFields, "gait="), ElementsAre("gait=walk", "gait=run"));
  EXPECT_THAT(set_completions(kHorseFields, "gait=r"), ElementsAre("gait=run"));
  EXPECT_THAT(set_completions(kHorseFields, "inner.r"), ElementsAre("inner.rest="));
  EXPECT_THAT(set_completions(kHorseFields, "outer.r"), testing::IsEmpty());
}

}  // namespace
}  // namespace soliton
