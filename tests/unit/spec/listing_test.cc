#include "cluster/spec/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/spec/parts.h"
#include "tests/unit/spec/cluster_files.h"

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
  const Checked<std::string> text = list_devices(shipped());
  ASSERT_TRUE(text.has_value()) << text.error().text();
  EXPECT_THAT(line_of(*text, "bw-s10"),
              HasSubstr("48 TFLOPS peak, 18436500 bytes (17.6 MiB) of weights in ms-fp8"));
  EXPECT_THAT(line_of(*text, "bw-s10"), Not(HasSubstr("not calibrated")));
  EXPECT_THAT(line_of(*text, "bw-a10"), HasSubstr("not calibrated"));
  EXPECT_THAT(line_of(*text, "bw-s5"), HasSubstr("mxint8"));
  EXPECT_THAT(line_of(*text, "cpu"), HasSubstr("host"));
  EXPECT_THAT(line_of(*text, "bw-pocket"), HasSubstr("our invention"));
}

TEST(Listing, TopologiesConfigsFormatsFaults) {
  const Checked<std::string> topologies = list_topologies(shipped());
  ASSERT_TRUE(topologies.has_value()) << topologies.error().text();
  EXPECT_THAT(line_of(*topologies, "rack"), HasSubstr("up to 24 nodes under one switch, 40 Gb/s"));
  EXPECT_THAT(line_of(*topologies, "datacenter"), HasSubstr("260 pods"));
  for (const auto& [name, what] : builtin_topologies())
    EXPECT_NE(line_of(*topologies, name), "") << name << ": " << what;
  const Checked<std::string> configs = list_configs(shipped());
  ASSERT_TRUE(configs.has_value()) << configs.error().text();
  EXPECT_THAT(line_of(*configs, "configs/quickstart.yaml"), HasSubstr("A trained text model"));
  EXPECT_THAT(*configs, Not(HasSubstr("configs/devices")));
  for (const NumberFormat& format : builtin_formats())
    EXPECT_NE(line_of(list_formats(), format.name), "") << format.name;
  for (const auto& kind : fault_kinds())
    EXPECT_NE(line_of(list_faults(), std::string(kind.first)), "") << kind.first;
}

TEST(Listing, AMissingInstallationIsAnEnvironmentError) {
  const DataRoot nowhere{"/nowhere/at/all"};
  EXPECT_EQ(list_devices(nowhere).error().errors.at(0).code, ErrorCode::kEnvironment);
  EXPECT_EQ(list_topologies(nowhere).error().errors.at(0).code, ErrorCode::kEnvironment);
  EXPECT_EQ(list_configs(nowhere).error().errors.at(0).code, ErrorCode::kEnvironment);
}

}  // namespace
}  // namespace soliton
