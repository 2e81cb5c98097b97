// columns.json says of what type the cells of the files beside it are.
#include "cluster/results/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/results/results.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

// The type of each column of a file, by name.
std::map<std::string, std::string> types_of(const CsvFile& file) {
  const Json all = Json::parse(columns_json({file}));
  EXPECT_EQ(all.at("schema"), 1);
  std::map<std::string, std::string> out;
  for (const Json& column : all.at("files").at(file.name))
    out[column.at("name")] = column.at("type");
  return out;
}

TEST(Columns, HaveTheNamesAndTheOrderOfTheFile) {
  EXPECT_EQ(csv_head(csv_file("requests.csv", requests_columns())), csv_head(requests_columns()));
  EXPECT_EQ(csv_head(csv_file("links_series.csv", series_columns())), csv_head(series_columns()));
  const std::string links = links_csv({});
  EXPECT_EQ(csv_head(csv_file("links.csv", kLinkFields)), links.substr(0, links.find('\n') + 1));
}

TEST(Columns, ATypeIsThatOfTheColumnAndNotOfWhatWasMeasured) {
  const auto requests = types_of(csv_file("requests.csv", requests_columns()));
  EXPECT_EQ(requests.at("request"), "integer");
  EXPECT_EQ(requests.at("queue_us"), "number");
  EXPECT_EQ(requests.at("output_hash"), "string");  // its digits are hexadecimal
  EXPECT_EQ(requests.at("bit_identical"), "boolean");
  const auto links = types_of(csv_file("links.csv", kLinkFields));
  EXPECT_EQ(links.at("link"), "string");
  EXPECT_EQ(links.at("packets"), "integer");
  EXPECT_EQ(links.at("busy_fraction"), "number");
  EXPECT_EQ(links.at("queue_bytes_max"), "integer");
  EXPECT_EQ(links.at("wait_us_max"), "number");  // a time has fractions
}

}  // namespace
}  // namespace soliton
