#include "cluster/results/results.h"
#include "cluster/results/text.h"
#include "protocol/json/fields_json.h"

namespace soliton {
namespace {

std::string cell(const Json& value) {
  return value.is_string() ? csv_cell(value.get<std::string>())
                           : json_text(value, JsonLayout::kLine);
}

}  // namespace

std::string links_csv(const RunResults& results) {
  std::string out;
  for (const Field& row : kLinkFields.fields) {
    if (!out.empty()) out += ',';
    out += row.key;
  }
  out += "\n";
  if (!results.links) return out;
  for (const LinkResult& link : *results.links) {
    const Json fields = fields_json(kLinkFields, &link);
    std::string line;
    for (const auto& [key, value] : fields.items()) line += (line.empty() ? "" : ",") + cell(value);
    out += line + "\n";
  }
  return out;
}

}  // namespace soliton
