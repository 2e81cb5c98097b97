// A kind of fault is one value: here is one more, and a list that names it in place of the shipped
// one. Lists, cluster files and what is written of them, schemas and runs know it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/experiment/schemas.h"
#include "cluster/file/cluster_fields.h"
#include "cluster/file/listing.h"
#include "cluster/run/run.h"
#include "fabric/faults/fault_kind.h"
#include "fabric/faults/link_faults.h"
#include "tests/cluster_text.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

// Every `every`th packet on a link is lost.
struct SkipOptions {
  std::int64_t every = 2;
};
constexpr Field kRows[] = {field<&SkipOptions::every>("nth", "Packets from one loss to the next.")
                               .between<std::int64_t>(2, 1'000)};
constexpr FieldTable kFields = fields_of<SkipOptions>("skip", kRows);

class Skip final : public LinkEffect {
 public:
  explicit Skip(const SkipOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kLoss; }
  FaultAction act(const Encounter& m) const override {
    if ((m.crossing.ordinal + 1) % static_cast<std::uint64_t>(o_.every) != 0) return {};
    return {.what = FaultAction::What::kDrop};
  }
  std::string words() const override { return fmt::format("lost every {}th packet", o_.every); }

 private:
  SkipOptions o_;
};

const FaultKind kSkipFault = {
    .name = "skip",
    .words = "packets are lost at fixed distances",
    .example = "{link, skip: 5}",
    .short_path = "nth",
    .short_alias = "",
    .must_hold = "D R",
    .fields = kFields,
    .make = make_effect<Skip, SkipOptions, kFields>,
};

const DataRoot kData{SOLITON_SOURCE_DIR};

std::string cluster(const std::string& fault) {
  return "name: skips\nprocesses: packed\nnodes: [{name: a, device: bw-pocket}, {name: b, device: "
         "bw-pocket}]\nworkload: {kind: stream, from: a, to: b, count: 40}\nfaults: [{" +
         fault + "}]\n";
}

Checked<ClusterSpec> read(const std::string& fault) {
  return read_cluster_text(cluster(fault), "skips.yaml", {}, kData);
}

}  // namespace

std::span<const FaultKind* const> fault_kinds() {
  static constexpr const FaultKind* kKinds[] = {&kLossFault, &kSkipFault};
  return kKinds;
}

namespace {

TEST(OneMoreFault, IsListed) { EXPECT_THAT(list_faults(), HasSubstr("skip  packets are lost at")); }

TEST(OneMoreFault, IsReadInBothForms) {
  const SkipOptions five{5};
  for (const char* fault : {"link: a-tor0, skip: 5", "kind: skip, nth: 5, link: a-tor0"}) {
    const Checked<ClusterSpec> spec = read(fault);
    ASSERT_TRUE(spec) << spec.error().text();
    EXPECT_EQ(spec->faults.at(0).rule.kind, &kSkipFault);
    EXPECT_EQ(spec->faults.at(0).rule.options, collect(kFields, &five));
  }
  EXPECT_THAT(read("link: a-tor0, skip: 1").error().text(),
              HasSubstr("faults[0].nth: 1 is not between 2 and 1000"));
  EXPECT_THAT(read("link: a-tor0, skip: 3, max_burst: 1").error().text(),
              HasSubstr("max_burst has no meaning for a fault of kind skip"));
  EXPECT_THAT(read("link: a-tor0, skp: 3").error().text(),
              HasSubstr("no kind of fault is called \"skp\"; did you mean \"skip\"?"));
  EXPECT_THAT(read("link: a-tor0").error().text(), HasSubstr("needs one of loss, skip (or kind)"));
}

TEST(OneMoreFault, IsWrittenSoThatItReadsBack) {
  const Checked<ClusterSpec> spec = read("id: s, link: a-tor0, skip: 5, at: 1 us");
  ASSERT_TRUE(spec) << spec.error().text();
  const std::string written = write_cluster(*spec, ".");
  EXPECT_THAT(written, HasSubstr("- {id: s, kind: skip, nth: 5, where: {links: {name: "
                                 "\"a-tor0\"}, direction: both}, when: {from: 1 us}}"));
  const Checked<ClusterSpec> again = read_cluster_text(written, "again.yaml", {}, kData);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->faults.at(0).rule.options, spec->faults.at(0).rule.options);
}

TEST(OneMoreFault, IsInTheSchema) {
  const std::vector<FileSchema> schemas = file_schemas(kData);
  EXPECT_EQ(schemas.front().kind, "cluster");
  EXPECT_THAT(schemas.front().text, HasSubstr("Packets from one loss to the next."));
}

TEST(OneMoreFault, HitsWhatItSays) {
  FaultRule rule{.id = "s", .kind = &kSkipFault, .links = {0}};
  const SkipOptions five{5};
  rule.options = collect(kFields, &five);
  LinkFaults faults({.seed = 1, .rules = {rule}}, 1);
  std::string lost;
  for (std::uint64_t i = 0; i < 12; ++i)
    lost += faults.judge({0, 0}, {kRunStart, kRunStart, i}).dropped() ? 'x' : '.';
  EXPECT_EQ(lost, "....x....x..");
}

}  // namespace
}  // namespace soliton
