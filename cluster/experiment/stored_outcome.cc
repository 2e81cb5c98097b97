#include "cluster/experiment/stored_outcome.h"

#include <unistd.h>

#include <cerrno>

#include "cluster/results/file_io.h"
#include "cluster/results/write_file.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr int kVersion = 1;

std::string path_in(const std::string& folder) { return folder + "/outcome.json"; }

}  // namespace

std::string stored_text(const StoredOutcome& stored) {
  const Json out{{"version", kVersion},
                 {"cluster", stored.identity},
                 {"record", stored.record ? Json::parse(record_text(*stored.record)) : Json()},
                 {"outcome", Json::parse(outcome_line(stored.outcome))}};
  return json_text(out, JsonLayout::kLine) + "\n";
}

std::optional<StoredOutcome> parse_stored(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("version", Json()) != kVersion) return std::nullopt;
  const auto identity = json.find("cluster"), record = json.find("record"),
             outcome = json.find("outcome");
  if (identity == json.end() || !identity->is_string() || record == json.end() ||
      outcome == json.end() || !outcome->is_object())
    return std::nullopt;
  StoredOutcome out{identity->get<std::string>(), std::nullopt,
                    parse_outcome(json_text(*outcome, JsonLayout::kLine))};
  if (!record->is_null()) {
    out.record = parse_record(json_text(*record, JsonLayout::kLine));
    if (!out.record) return std::nullopt;
  }
  return out;
}

std::optional<StoredOutcome> read_outcome(const std::string& folder) {
  const Result<std::string> text = read_whole_file(path_in(folder));
  return text ? parse_stored(*text) : std::nullopt;
}

Status write_outcome(const std::string& folder, const StoredOutcome& stored) {
  return write_file(path_in(folder), stored_text(stored));
}

Status remove_outcome(const std::string& folder) {
  const std::string path = path_in(folder);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return not_written(path, "remove", errno);
  return {};
}

}  // namespace soliton
