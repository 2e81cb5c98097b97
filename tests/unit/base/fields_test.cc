// Tables of fields over a struct of the test's own: what one row brings about.
#include "protocol/base/fields.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/base/same_names.h"

namespace soliton {
namespace {

enum class Colour : std::uint8_t { kRed, kGreen };

struct Inner {
  Duration pause = microseconds(3);
  bool operator==(const Inner&) const = default;
};

struct Sample {
  bool on = true;
  std::int64_t count = 4;
  std::uint64_t seed = UINT64_MAX;
  std::uint32_t packet = 1408;
  Duration wait = nanoseconds(2500);
  std::optional<Bytes> room;
  Colour colour = Colour::kGreen;
  std::string note = "n";
  double peak = 1.5;
  std::array<std::uint8_t, 3> weights = {1, 2, 3};
  std::vector<std::int64_t> list;
  std::vector<Colour> colours = {Colour::kGreen};
  Inner inner;
  std::optional<Inner> maybe;
  std::vector<Inner> several;
  bool operator==(const Sample&) const = default;
};

constexpr Field kInnerRows[] = {
    field<&Inner::pause>("pause", "A pause.").between(Duration{0}, milliseconds(1))};
constexpr FieldTable kInnerFields = fields_of<Inner>("inner", kInnerRows);
constexpr FieldWord kColours[] = {word("red", Colour::kRed), word("green", Colour::kGreen)};
constexpr FieldWord kAuto[] = {{"auto", kUnset}};
constexpr Field kRows[] = {
    field<&Sample::on>("on", "A flag."),
    field<&Sample::count>("count", "A number.").between(1, 1'000).in("packets"),
    field<&Sample::seed>("seed", "Where chance begins."),
    field<&Sample::packet>("packet", "A size.")
        .as(FieldType::kBytes)
        .between(Bytes{64}, Bytes{9'000}),
    field<&Sample::wait>("wait", "A time.").between(Duration{0}, milliseconds(1)),
    field<&Sample::room>("room", "A size or auto.").spelled(kAuto).between(Bytes{1}, Bytes{1'024}),
    field<&Sample::colour>("colour", "A choice.").spelled(kColours),
    field<&Sample::note>("note", "A text."),
    field<&Sample::peak>("peak", "A real.").between(0, 10).in("TOPS"),
    field<&Sample::weights>("weights", "Some numbers.").between(1, 255).up_to(3),
    field<&Sample::list>("list", "More numbers."),
    field<&Sample::colours>("colours", "Choices.").spelled(kColours),
    map_field<&Sample::inner, kInnerFields>("inner", "A map."),
    map_field<&Sample::maybe, kInnerFields>("maybe", "A map or false."),
    maps_field<&Sample::several, kInnerFields>("several", "Maps."),
    described("other", "Read by hand."),
    refused("later", "not in this version"),
};
constexpr FieldTable kFields = fields_of<Sample>("sample", kRows);

Sample unlike_default() {
  Sample out;
  out.on = false;
  out.count = 7;
  out.seed = UINT64_MAX - 1;
  out.packet = 64;
  out.wait = picoseconds(1);
  out.room = Bytes{5};
  out.colour = Colour::kRed;
  out.note = "other";
  out.peak = 2.25;
  out.weights = {9, 8, 7};
  out.list = {1, -1};
  out.colours = {Colour::kRed, Colour::kGreen};
  out.inner.pause = picoseconds(8);
  out.maybe = Inner{picoseconds(9)};
  out.several = {Inner{}, Inner{picoseconds(10)}};
  return out;
}

TEST(Fields, CarryEveryMemberThereAndBack) {
  const Sample said = unlike_default();
  Sample got;
  ASSERT_TRUE(assign(kFields, collect(kFields, &said), &got));
  EXPECT_EQ(got, said);
}

// The number that marks an unset member is an unsigned one like any other.
TEST(Fields, CarryEveryUnsignedNumber) {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1} << 63, UINT64_MAX}) {
    Sample said, got;
    said.seed = seed;
    ASSERT_TRUE(assign(kFields, collect(kFields, &said), &got));
    EXPECT_EQ(got.seed, seed);
  }
}

TEST(Fields, LeaveUnsetMembersOut) {
  const Sample plain;
  const Settings settings = collect(kFields, &plain);
  EXPECT_EQ(find_setting(settings, "room"), nullptr);
  EXPECT_EQ(find_setting(settings, "maybe"), nullptr);
  ASSERT_NE(find_setting(settings, "packet"), nullptr);
  EXPECT_EQ(find_setting(settings, "packet")->number(), 1408);
}

TEST(Fields, RefuseKeysAndTypesOfAnotherTable) {
  Sample got;
  EXPECT_EQ(assign(kFields, {{"nothing", {std::int64_t{1}}}}, &got).error().message,
            "sample has no key \"nothing\"");
  EXPECT_EQ(assign(kFields, {{"note", {std::int64_t{1}}}}, &got).error().message,
            "sample.note is of another type");
  EXPECT_EQ(got, Sample{});
}

std::string parsed(std::string_view key, std::string_view text) {
  const Field& field = *kFields.find(key);
  const Result<FieldValue> value = parse_value(field, text);
  return value ? spell_value(field, *value) : "error: " + value.error().message;
}

TEST(Fields, AreSpelledInTheUnitsOfTheirType) {
  EXPECT_EQ(parsed("on", "true"), "true");
  EXPECT_EQ(parsed("count", "0x10"), "16");
  EXPECT_EQ(parsed("seed", "18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(parsed("packet", "2 KiB"), "2 KiB");
  EXPECT_EQ(parsed("wait", "1500 ps"), "1.5 ns");
  EXPECT_EQ(parsed("room", "auto"), "auto");
  EXPECT_EQ(parsed("room", "12 B"), "12 B");
  EXPECT_EQ(parsed("colour", "red"), "red");
  EXPECT_EQ(parsed("note", "x y"), "x y");
  EXPECT_EQ(parsed("peak", "2.5 TOPS"), "2.5 TOPS");
}

// Words where the row has them; enumerators without words are numbers, as identities are.
TEST(Fields, ListsOfEnumeratorsAreWordsOrNumbers) {
  const Field& colours = *kFields.find("colours");
  EXPECT_EQ(colours.type, FieldType::kWords);
  EXPECT_EQ(field<&Sample::colours>("plain", "Numbers.").type, FieldType::kIntegers);
  const Sample said = unlike_default();
  EXPECT_EQ(spell_value(colours, colours.get(&said)), "[red, green]");
  EXPECT_EQ(spell_default(kFields, colours), "[green]");
  EXPECT_EQ(parsed("colours", "red"), "red");
  EXPECT_EQ(parsed("colours", "rde"),
            "error: \"rde\" is not known; did you mean \"red\"? Allowed: red, green");
  EXPECT_EQ(parsed("colours", "0"), "error: \"0\" is not known; allowed: red, green");
}

TEST(Fields, SayWhatIsAllowed) {
  EXPECT_EQ(parsed("on", "tru"), "error: \"tru\" is not known; did you mean \"true\"?");
  EXPECT_EQ(parsed("count", "0"), "error: 0 is not between 1 and 1000");
  EXPECT_EQ(parsed("count", "x"), "error: \"x\" is not a whole number");
  EXPECT_EQ(parsed("packet", "10 KiB"), "error: 10 KiB is not between 64 B and 9 kB");
  EXPECT_EQ(parsed("room", "2 KiB"),
            "error: \"2 KiB\" is not auto or a value between 1 B and 1 KiB");
  EXPECT_EQ(parsed("colour", "blue"), "error: \"blue\" is not known; allowed: red, green");
  EXPECT_EQ(parsed("peak", "90"), "error: \"90\" is not a number of TOPS; write it like 90 TOPS");
  EXPECT_EQ(parsed("peak", "11 TOPS"), "error: 11 TOPS is not between 0 and 10 TOPS");
}

TEST(Fields, SpellTheirDefaults) {
  EXPECT_EQ(spell_default(kFields, *kFields.find("wait")), "2.5 us");
  EXPECT_EQ(spell_default(kFields, *kFields.find("room")), "auto");
  EXPECT_EQ(spell_default(kFields, *kFields.find("colour")), "green");
  EXPECT_EQ(spell_default(kFields, *kFields.find("inner")), "");
}

struct Derived {
  std::int64_t count = 0;
  std::optional<double> share;
  std::optional<std::string> hash;
  std::optional<double> rate() const {
    return count == 0 ? std::nullopt : std::optional(100.0 / static_cast<double>(count));
  }
  std::int64_t twice() const { return 2 * count; }
};
constexpr Field kDerivedRows[] = {
    field<&Derived::count>("count", "A number."),
    field<&Derived::share>("share", "A real, or none."),
    field<&Derived::hash>("hash", "A text, or none."),
    derived<&Derived::rate>("rate", "From the number."),
    derived<&Derived::twice>("twice", "Its double."),
};
constexpr FieldTable kDerivedFields = fields_of<Derived>("derived", kDerivedRows);

TEST(Fields, MayBeDerivedOrUnsetRealsAndTexts) {
  Derived none;
  EXPECT_TRUE(kDerivedFields.find("share")->get(&none).is_unset());
  EXPECT_TRUE(kDerivedFields.find("hash")->get(&none).is_unset());
  EXPECT_TRUE(kDerivedFields.find("rate")->get(&none).is_unset());
  ASSERT_TRUE(assign(kDerivedFields, {{"share", {0.5}}, {"hash", {std::string("00ff")}}}, &none));
  EXPECT_EQ(none.share, 0.5);
  EXPECT_EQ(none.hash, "00ff");
  ASSERT_TRUE(assign(kDerivedFields, {{"share", {kUnset}}, {"count", {std::int64_t{4}}}}, &none));
  EXPECT_EQ(none.share, std::nullopt);
  EXPECT_EQ(kDerivedFields.find("rate")->get(&none), FieldValue{25.0});
  EXPECT_EQ(kDerivedFields.find("twice")->get(&none), FieldValue{std::int64_t{8}});
  EXPECT_FALSE(assign(kDerivedFields, {{"twice", {std::int64_t{8}}}}, &none));
}

// A table for maps that stand for one of several structs.
constexpr Field kOtherRows[] = {field<&Inner::pause>("pause", "A pause.").by_default("").needed()};
constexpr auto kJointRows = joined(kOtherRows, kDerivedRows);
const Field kForeignRows[] = {kJointRows[1], kOtherRows[0].from(kInnerFields)};
const FieldTable kForeignFields = fields_of<Derived>("joint", kForeignRows);

TEST(Fields, OfOtherStructsAreNeitherCollectedNorAssigned) {
  EXPECT_EQ(kJointRows.size(), 6u);
  EXPECT_EQ(kJointRows[0].key, "pause");
  const Derived object{.count = 7, .share = {}, .hash = {}};
  EXPECT_EQ(collect(kForeignFields, &object), (Settings{{"count", {std::int64_t{7}}}}));
  Derived got;
  EXPECT_EQ(assign(kForeignFields, {{"pause", {std::int64_t{1}}}}, &got).error().message,
            "joint has no key \"pause\"");
  const Field& foreign = *kForeignFields.find("pause");
  EXPECT_FALSE(foreign.required) << "what one struct needs, the others do not have";
  EXPECT_EQ(spell_default(kForeignFields, foreign), "3 us") << "of its own struct";
}

TEST(Fields, KeysAreThoseAccepted) {
  const std::vector<std::string> keys = kFields.keys();
  EXPECT_EQ(keys.size(), std::size(kRows) - 1);
  EXPECT_EQ(keys.front(), "on");
  EXPECT_EQ(keys.back(), "other");
}

// Structs of one name in two files keep their members apart.
TEST(Fields, OfEqualNamesInUnnamedNamespacesAreTwo) {
  const auto values = [](const FieldTable& table, std::int64_t p) {
    const std::shared_ptr<void> object = table.make();
    table.find("p")->set(object.get(), {p});
    return collect(table, object.get());
  };
  const std::vector<std::int64_t> first{1, 2}, second{3, 4, 5};
  EXPECT_EQ(values(kSameNamesFirst, 8), (Settings{{"p", {8}}, {"list", {first}}}));
  EXPECT_EQ(values(kSameNamesSecond, 9), (Settings{{"p", {9}}, {"list", {second}}}));
  EXPECT_EQ(values(kSameNamesSecond, kUnset), (Settings{{"list", {second}}}));
}

}  // namespace
}  // namespace soliton
