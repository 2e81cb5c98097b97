#include "cluster/file/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "cluster/file/parts.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string line_of(const std::string& text, const std::string& name) {
  const std::size_t at = ("\n" + text).find("\n" + name + " ");
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

TEST(Listing, Devices) {
  const Checked<std::string> text = list_devices(shipped(), false);
  ASSERT_TRUE(text.has_value()) << text.error().text();
  const std::string s10 = line_of(*text, "bw-s10");
  EXPECT_THAT(s10,
              ContainsRegex("^\n?bw-s10 +48 TOPS +17.6 MiB in ms-fp8 +1.56 MiB +4 GiB at 70 GB/s +"
                            "calibrated +Stratix 10 280.* Brainwave, ISCA 2018.* ms-fp8 48, "
                            "ms-fp9 34.3, .*mxint8 16"));
  EXPECT_THAT(s10, Not(HasSubstr("not calibrated")));
  EXPECT_THAT(s10, Not(HasSubstr("published")));
  EXPECT_THAT(line_of(*text, "bw-s10-product"),
              HasSubstr("published int16 12, int8 31, ms-fp9 65, ms-fp8 90"));
  EXPECT_THAT(line_of(*text, "bw-s10-product"), ContainsRegex("90 TOPS .*not calibrated"));
  EXPECT_THAT(line_of(*text, "intel-npu-s10"), ContainsRegex("40.3 TOPS .* none +calibrated"));
  EXPECT_THAT(line_of(*text, "bw-a10"), HasSubstr("not calibrated"));
  EXPECT_THAT(line_of(*text, "bw-s5"), HasSubstr("mxint8"));
  EXPECT_THAT(line_of(*text, "cpu"), HasSubstr("host"));
  EXPECT_THAT(line_of(*text, "custom"), HasSubstr("template"));
  EXPECT_THAT(line_of(*text, "bw-pocket"), HasSubstr("our invention"));
  EXPECT_THAT(s10, HasSubstr("  relu, sigmoid, tanh, add, subtract, multiply, max"));
  EXPECT_THAT(line_of(*text, "bw-next"),
              ContainsRegex("48 TOPS .* not calibrated .*our invention.* max, min, exp, "
                            "reciprocal, rsqrt, row_reduce"));
}

// Every column starts at the same place in every line.
TEST(Listing, DevicesAreInColumns) {
  const std::string text = *list_devices(shipped(), false);
  const std::size_t timing = text.find("timing"), what = text.find("what it is");
  for (const char* name : {"bw-s10", "bw-pocket", "intel-npu-s10", "custom"}) {
    const std::string line = line_of(text, name);
    EXPECT_TRUE(line.substr(timing).starts_with("calibrated") ||
                line.substr(timing).starts_with("not calibrated"))
        << line;
    EXPECT_EQ(line.substr(what - 2, 2), "  ") << line;
    EXPECT_NE(line.at(what), ' ') << line;
  }
}

TEST(Listing, DevicesAsJson) {
  const nlohmann::json all = nlohmann::json::parse(*list_devices(shipped(), true));
  std::map<std::string, nlohmann::json> devices;
  for (const nlohmann::json& device : all) devices[device.at("name")] = device;
  const nlohmann::json& s10 = devices.at("bw-s10");
  EXPECT_EQ(s10.at("peak_tops"), 48.0);
  EXPECT_EQ(s10.at("memory").at("matrix_bytes"), 18'436'500);
  EXPECT_EQ(s10.at("memory").at("dram_bytes_per_second"), 70'000'000'000);
  EXPECT_EQ(s10.at("formats").at(0).at("name"), "ms-fp8");
  EXPECT_EQ(s10.at("formats").at(1).at("matrix_tiles"), 229);
  EXPECT_EQ(s10.at("timing").at("calibrated"), true);
  EXPECT_EQ(s10.at("published_peak_tops").size(), 0U);
  EXPECT_EQ(devices.at("bw-s10-product").at("published_peak_tops").at("int16"), 12.0);
  EXPECT_EQ(devices.at("intel-npu-s10").at("batch_lanes"), 6);
  EXPECT_EQ(devices.at("cpu").at("kind"), "cpu");
  EXPECT_EQ(s10.at("functions").size(), 7U);
  EXPECT_EQ(devices.at("bw-next").at("functions").back(), "row_reduce");
}

TEST(Listing, TopologiesConfigsFormatsFaults) {
  const Checked<std::string> topologies = list_topologies(shipped());
  ASSERT_TRUE(topologies.has_value()) << topologies.error().text();
  EXPECT_THAT(line_of(*topologies, "rack"), HasSubstr("up to 24 nodes under one switch, 40 Gb/s"));
  EXPECT_THAT(line_of(*topologies, "datacenter"), HasSubstr("260 pods"));
  EXPECT_NE(line_of(*topologies, "local"), "");
  const Checked<std::string> configs = list_configs(shipped());
  ASSERT_TRUE(configs.has_value()) << configs.error().text();
  EXPECT_THAT(line_of(*configs, "configs/quickstart.yaml"), HasSubstr("A trained text model"));
  EXPECT_THAT(*configs, Not(HasSubstr("configs/devices")));
  for (const NumberFormat& format : builtin_formats())
    EXPECT_NE(line_of(list_formats(), format.name), "") << format.name;
  EXPECT_THAT(line_of(list_functions(), "subtract"), HasSubstr("vv_a_sub_b, vv_b_sub_a: a - b"));
  for (const NpuFunctionRow& row : kNpuFunctions)
    EXPECT_NE(line_of(list_functions(), std::string(row.name)), "") << row.name;
  for (const auto& kind : fault_kinds())
    EXPECT_NE(line_of(list_faults(), std::string(kind->name)), "") << kind->name;
}

TEST(Listing, AMissingInstallationIsAnEnvironmentError) {
  const DataRoot nowhere{"/nowhere/at/all"};
  EXPECT_EQ(list_devices(nowhere, false).error().errors.at(0).code, ErrorCode::kEnvironment);
  EXPECT_EQ(list_topologies(nowhere).error().errors.at(0).code, ErrorCode::kEnvironment);
  EXPECT_EQ(list_configs(nowhere).error().errors.at(0).code, ErrorCode::kEnvironment);
}

}  // namespace
}  // namespace soliton
