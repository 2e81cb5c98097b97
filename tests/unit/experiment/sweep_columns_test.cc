// The types of a sweep's columns do not hang on what was measured.
#include <gtest/gtest.h>

#include <map>

#include "cluster/experiment/sweep.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

std::map<std::string, std::string> types_of(const Sweep& sweep) {
  const Json all = Json::parse(sweep_columns_json(sweep));
  std::map<std::string, std::string> out;
  for (const Json& column : all.at("files").at("sweep.csv"))
    out[column.at("name")] = column.at("type");
  return out;
}

TEST(SweepColumns, NumbersOfResultsAreNumbersAndWhatIsSetIsWhatItsValuesAre) {
  Sweep s;
  s.series.resize(1);
  s.series[0].points.resize(2);
  s.series[0].series.points.resize(2);
  s.series[0].points[0].set = {scalar_of_text("a", "4"), scalar_of_text("b", "2"),
                               scalar_of_text("c", "true"), scalar_of_text("d", "5 us")};
  s.series[0].points[1].set = {scalar_of_text("a", "-1"), scalar_of_text("b", "2.5"),
                               scalar_of_text("c", "false"), scalar_of_text("d", "7")};
  const auto types = types_of(s);
  EXPECT_EQ(types.at("x"), "integer");
  EXPECT_EQ(types.at("speedup"), "number");
  EXPECT_EQ(types.at("note"), "string");
  EXPECT_EQ(types.at("set.a"), "integer");
  EXPECT_EQ(types.at("set.b"), "number");
  EXPECT_EQ(types.at("set.c"), "boolean");
  EXPECT_EQ(types.at("set.d"), "string");
}

}  // namespace
}  // namespace soliton
