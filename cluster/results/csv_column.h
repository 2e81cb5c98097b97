// The columns of a CSV file as a table. A column's row defines its part of the header line, of
// every line, of columns.json and of the documentation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace soliton {

// What the cells of a column are, whatever was measured: a number that happens to be whole is a
// number, and any cell may be empty.
enum class CsvType : std::uint8_t { kNumber, kInteger, kText, kTruth };

template <typename Record>
struct CsvColumn {
  std::string_view name;
  std::string_view meaning;
  void (*append)(const Record& record, std::string& line);  // appends its cell, which may be empty
  CsvType type = CsvType::kNumber;
};

// "request,client\n".
template <typename Record>
std::string csv_head(std::span<const CsvColumn<Record>> columns) {
  std::string out;
  for (const CsvColumn<Record>& column : columns) {
    if (!out.empty()) out += ',';
    out += column.name;
  }
  return out + "\n";
}

template <typename Record>
std::string csv_line(std::span<const CsvColumn<Record>> columns, const Record& record) {
  std::string out;
  bool first = true;
  for (const CsvColumn<Record>& column : columns) {
    if (!first) out += ',';
    column.append(record, out);
    first = false;
  }
  return out + "\n";
}

// The same columns as a Markdown table.
template <typename Record>
std::string csv_page(std::span<const CsvColumn<Record>> columns) {
  std::string out = "| column | meaning |\n|---|---|\n";
  for (const CsvColumn<Record>& column : columns) {
    out.append("| `").append(column.name).append("` | ").append(column.meaning).append(" |\n");
  }
  return out;
}

}  // namespace soliton
