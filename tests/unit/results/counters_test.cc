// Counters are rows of tables: one row brings a counter into reports, sums, results.json and the page.
#include "protocol/base/counters.h"

#include <capnp/message.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/results/critical_path.h"
#include "cluster/results/file_io.h"
#include "cluster/results/results.h"
#include "protocol/control/settings.h"
#include "protocol/json/fields_json.h"

namespace soliton {
namespace {

using testing::HasSubstr;

struct Sample {
  std::uint64_t packets = 0;
  Duration busy{};
  std::optional<std::uint64_t> rare;
  std::uint64_t one_more = 0;
};
constexpr Field kSampleRows[] = {
    field<&Sample::packets>("packets", "Packets."),
    field<&Sample::busy>("busy_us", "Time."),
    field<&Sample::rare>("rare", "Not counted everywhere."),
};
constexpr Field kMoreRows[] = {field<&Sample::one_more>("one_more", "One more.")};
constexpr auto kAllRows = joined(kSampleRows, kMoreRows);
constexpr FieldTable kSampleFields = fields_of<Sample>("sample", kAllRows);

// A row of the page for each row of a table.
std::string page_rows(const std::string& prefix, const FieldTable& table) {
  std::string out;
  for (const Field& field : table.fields)
    out += fmt::format("| `{}{}` | {} |\n", prefix, field.key, field.meaning);
  return out;
}

TEST(Counters, OneMoreIsInReportsSumsJsonAndThePage) {
  const Sample one{7, microseconds(2), std::nullopt, 40};
  capnp::MallocMessageBuilder message;
  auto bytes = message.initRoot<wire::Settings>();
  write_fields(kSampleFields, &one, bytes);
  Sample sum{1, microseconds(1), 5, 2};
  Sample read;
  read_fields(kSampleFields, bytes.asReader(), &read);
  add_counters(kSampleFields, &read, &sum);
  EXPECT_EQ(json_text(fields_json(kSampleFields, &sum), JsonLayout::kLine),
            R"({"packets": 8, "busy_us": 3, "rare": 5, "one_more": 42})");
  EXPECT_EQ(json_text(fields_json(kSampleFields, &one), JsonLayout::kLine),
            R"({"packets": 7, "busy_us": 2, "rare": null, "one_more": 40})");
  EXPECT_THAT(page_rows("sample.", kSampleFields),
              HasSubstr("| `sample.one_more` | One more. |\n"));
}

TEST(Counters, WhatIsNotKnownIsNull) {
  const Sample one;
  EXPECT_EQ(json_text(fields_json(kSampleFields, &one, false), JsonLayout::kLine),
            R"({"packets": null, "busy_us": null, "rare": null, "one_more": null})");
}

TEST(Counters, ThePageNamesEachOfThem) {
  const std::string page = read_whole_file(SOLITON_SOURCE_DIR "/docs/results.md").value();
  const std::string rows =
      page_rows("fabric.", kFabricFields) + page_rows("ltl.", kLtlCountFields) +
      page_rows("ltl.refused.", kCarrierRefusedFields) +
      page_rows("ltl.refused.", kLtlRefusedFields) + page_rows("nodes[].errors.", kNpuErrorFields) +
      page_rows("faults[].", kFaultCounterFields);
  EXPECT_THAT(page, HasSubstr("| counter | counts |\n|---|---|\n" + rows + "\n"));
  const std::string fields =
      page_rows("requests.", kRequestCountFields) +
      page_rows("partition.", kPartitionSummaryFields) +
      page_rows("outputs.", kOutputSummaryFields) + page_rows("wall.", kWallSummaryFields) +
      page_rows("wall.profile.", kRunProfileFields) + page_rows("traffic.", kTrafficResultFields) +
      page_rows("traffic.flows[].", kFlowFields) + page_rows("links[].", kLinkFields) +
      page_rows("pauses.", kPauseResultFields) + page_rows("pauses.ports[].", kPausePortFields) +
      page_rows("workloads[].", kWorkloadResultFields) +
      page_rows("background.", kBackgroundFields) + page_rows("faults[].", kFaultVerdictFields) +
      page_rows("recovery.", kRecoveryFields) +
      page_rows("recovery.steps[].", kRecoveryStepFields) +
      page_rows("expect[].", kExpectResultFields) +
      page_rows("services[].requests.", kServiceRequestFields) +
      page_rows("services[].partition.", kServicePartitionFields) +
      page_rows("services[].outputs.", kServiceOutputFields) +
      page_rows("services[].replicas[].", kReplicaResultFields) +
      page_rows("services[].sla[].", kPromiseFields) +
      page_rows("critical_paths[].", kCriticalPathFields) +
      page_rows("critical_paths[].parts[].", kPathPartFields);
  EXPECT_THAT(page, HasSubstr("| field | what it is |\n|---|---|\n" + fields + "\n"));
}

TEST(Columns, ThePageNamesEachOfRequestsCsv) {
  const std::string page = read_whole_file(SOLITON_SOURCE_DIR "/docs/results.md").value();
  EXPECT_THAT(page, HasSubstr(csv_page(service_requests_columns()) + "\n"));
}

TEST(Columns, ThePageNamesEachOfLinksSeriesCsv) {
  const std::string page = read_whole_file(SOLITON_SOURCE_DIR "/docs/results.md").value();
  EXPECT_THAT(page, HasSubstr(csv_page(series_columns()) + "\n"));
}

struct Measured {
  int a = 0;
};
constexpr CsvColumn<Measured> kSampleColumns[] = {
    {"a", "A number.", [](const Measured& s, std::string& line) { line += std::to_string(s.a); }},
    {"twice", "Twice that.",
     [](const Measured& s, std::string& line) { line += std::to_string(2 * s.a); }},
};

TEST(Columns, OneRowIsHeadCellAndPage) {
  EXPECT_EQ(csv_head<Measured>(kSampleColumns), "a,twice\n");
  EXPECT_EQ(csv_line<Measured>(kSampleColumns, {4}), "4,8\n");
  EXPECT_EQ(csv_page<Measured>(kSampleColumns),
            "| column | meaning |\n|---|---|\n| `a` | A number. |\n| `twice` | Twice that. |\n");
}

TEST(Counters, FaultsKeepTheFirstAndTheLastHitOfAllNodes) {
  FaultCounters sum, other;
  sum.hit(kRunStart + microseconds(5));
  other.hit(kRunStart + microseconds(3));
  other.hit(kRunStart + microseconds(4));
  sum.merge(other);
  sum.merge({});
  EXPECT_EQ(
      json_text(fields_json(kFaultCounterFields, &sum), JsonLayout::kLine),
      R"({"hits": 3, "dropped": 0, "delayed": 0, "duplicated": 0, "corrupted": 0, "marked": 0, )"
      R"("misrouted": 0, "first_us": 3, "last_us": 5})");
}

}  // namespace
}  // namespace soliton
