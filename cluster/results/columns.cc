#include "cluster/results/columns.h"

#include "protocol/json/json.h"

namespace soliton {
namespace {

// Of this file. A reader that knows it may rely on the keys below; new ones may come beside them.
constexpr int kSchema = 1;

// As in Table Schema (specs.frictionlessdata.io).
const char* spell(CsvType type) {
  switch (type) {
    case CsvType::kNumber:
      return "number";
    case CsvType::kInteger:
      return "integer";
    case CsvType::kText:
      return "string";
    case CsvType::kTruth:
      return "boolean";
  }
  return "";
}

CsvType type_of(FieldType type) {
  switch (type) {
    case FieldType::kInteger:
    case FieldType::kUnsigned:
    case FieldType::kBytes:
      return CsvType::kInteger;
    case FieldType::kFlag:
      return CsvType::kTruth;
    case FieldType::kText:
    case FieldType::kName:
    case FieldType::kChoice:
      return CsvType::kText;
    default:
      return CsvType::kNumber;
  }
}

}  // namespace

CsvFile csv_file(std::string name, const FieldTable& table) {
  CsvFile out{std::move(name), {}};
  for (const Field& row : table.fields)
    out.columns.push_back({std::string(row.key), std::string(row.meaning), type_of(row.type)});
  return out;
}

std::string csv_head(const CsvFile& file) {
  std::string out;
  for (const CsvFile::Column& column : file.columns) {
    if (!out.empty()) out += ',';
    out += column.name;
  }
  return out + "\n";
}

std::string columns_json(const std::vector<CsvFile>& files) {
  Json all = Json::object();
  for (const CsvFile& file : files) {
    Json columns = Json::array();
    for (const CsvFile::Column& column : file.columns)
      columns.push_back(
          {{"name", column.name}, {"type", spell(column.type)}, {"meaning", column.meaning}});
    all[file.name] = std::move(columns);
  }
  const Json out{{"schema", kSchema}, {"files", std::move(all)}};
  return json_text(out, JsonLayout::kRows) + "\n";
}

}  // namespace soliton
