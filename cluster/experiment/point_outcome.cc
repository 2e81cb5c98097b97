#include "cluster/experiment/point_outcome.h"

#include "protocol/json/json.h"

namespace soliton {
namespace {

// Codes travel as numbers: both ends are the same program.
Json error_json(const Error& error) {
  return {{"code", static_cast<int>(error.code)}, {"message", error.message}};
}

Error parse_error(const Json& json) {
  return {static_cast<ErrorCode>(json.at("code").get<int>()),
          json.at("message").get<std::string>()};
}

Json file_json(const FilesRead::File& file) {
  Json out = Json::array({file.path});
  if (const auto& s = file.stamp)
    for (const Json& part : {Json(s->device), Json(s->inode), Json(s->size), Json(s->modified_ns),
                             Json(s->changed_ns)})
      out.push_back(part);
  return out;
}

FilesRead::File parse_file(const Json& json) {
  FilesRead::File out{json.at(0).get<std::string>(), {}};
  if (json.size() == 6)
    out.stamp = FileStamp{json.at(1).get<std::uint64_t>(), json.at(2).get<std::uint64_t>(),
                          json.at(3).get<std::int64_t>(), json.at(4).get<std::int64_t>(),
                          json.at(5).get<std::int64_t>()};
  return out;
}

Checked<PointOutcome> parse_members(const Json& json) {
  if (json.contains("errors")) {
    Diagnostics why;
    for (const Json& error : json["errors"]) why.add(parse_error(error));
    return tl::unexpected<Diagnostics>(std::move(why));
  }
  PointOutcome out;
  out.results = json.at("results").get<std::string>();
  out.complete = json.at("complete").get<bool>();
  out.why = json.at("why").get<std::string>();
  for (const Json& file : json.at("files")) out.files.push_back(parse_file(file));
  if (json.contains("error")) out.error = parse_error(json["error"]);
  return out;
}

}  // namespace

PointOutcome outcome_of(const PointRun& run) {
  return {results_json(run.results), run.results.complete, run.results.error, run.files.files(),
          run.error};
}

std::string outcome_line(const Checked<PointOutcome>& outcome) {
  Json out = Json::object();
  if (!outcome) {
    out["errors"] = Json::array();
    for (const Error& error : outcome.error().errors) out["errors"].push_back(error_json(error));
    return json_text(out, JsonLayout::kLine) + "\n";
  }
  out["results"] = outcome->results;
  out["complete"] = outcome->complete;
  out["why"] = outcome->why;
  out["files"] = Json::array();
  for (const FilesRead::File& file : outcome->files) out["files"].push_back(file_json(file));
  if (outcome->error) out["error"] = error_json(*outcome->error);
  return json_text(out, JsonLayout::kLine) + "\n";
}

// The library reports what is missing by exceptions.
Checked<PointOutcome> parse_outcome(const std::string& line) {
  try {
    return parse_members(Json::parse(line));
  } catch (const Json::exception& problem) {
    Diagnostics why;
    why.add(ErrorCode::kBroken,
            std::string("the process of a point answered nonsense: ") + problem.what());
    return tl::unexpected<Diagnostics>(std::move(why));
  }
}

}  // namespace soliton
