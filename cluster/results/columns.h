// columns.json: what the columns of the CSV files beside it mean, and of what type their cells are, so
// that a reader does not guess it from what a run happened to measure (docs/results.md).
//
//   std::string text = columns_json({csv_file("requests.csv", requests_columns())});
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cluster/results/csv_column.h"
#include "protocol/base/fields.h"

namespace soliton {

struct CsvFile {
  struct Column {
    std::string name, meaning;
    CsvType type = CsvType::kNumber;
  };
  std::string name;
  std::vector<Column> columns;
};

template <typename Record>
CsvFile csv_file(std::string name, std::span<const CsvColumn<Record>> columns) {
  CsvFile out{std::move(name), {}};
  for (const CsvColumn<Record>& column : columns)
    out.columns.push_back({std::string(column.name), std::string(column.meaning), column.type});
  return out;
}
// Of a file whose columns are the fields of a table. Times are numbers, as they have fractions.
CsvFile csv_file(std::string name, const FieldTable& table);

// The first line of a file.
std::string csv_head(const CsvFile& file);

std::string columns_json(const std::vector<CsvFile>& files);

}  // namespace soliton
