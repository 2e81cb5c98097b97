#include "tests/unit/schemas/validator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cluster/file/yaml_file.h"

namespace soliton {

namespace fs = std::filesystem;
using nlohmann::json;

std::string file_text(const fs::path& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write_text(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

std::string kind_of_file(const std::string& file) {
  const Checked<YamlFile> yaml = read_yaml(file);
  SOLITON_CHECK(yaml.has_value());
  switch (kind_of(yaml->root)) {
    case FileKind::kExperiment:
      return "experiment";
    case FileKind::kDevice:
      return "device";
    case FileKind::kTopology:
      return "topology";
    case FileKind::kCluster:
      break;
  }
  return "cluster";
}

std::vector<std::string> shipped_yaml() {
  std::vector<std::string> files;
  for (const char* folder : {"/configs", "/topologies"})
    for (const auto& entry :
         fs::recursive_directory_iterator(std::string(SOLITON_SOURCE_DIR) + folder))
      if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

std::map<std::string, std::vector<std::string>> Validator::validate(
    const std::vector<Job>& jobs) const {
  std::string lines;
  for (const Job& job : jobs)
    lines +=
        json{{"schema", fmt::format("{}/configs/{}.schema.json", SOLITON_SOURCE_DIR, job.kind)},
             {"file", job.file}}
            .dump() +
        "\n";
  write_text(folder_ / "jobs", lines);
  const std::string command =
      fmt::format("/usr/bin/python3 {}/tests/unit/schemas/validate.py <{} >{}", SOLITON_SOURCE_DIR,
                  (folder_ / "jobs").string(), (folder_ / "verdicts").string());
  EXPECT_EQ(std::system(command.c_str()), 0)
      << "needs the packages python3-jsonschema and python3-ruamel.yaml";
  std::map<std::string, std::vector<std::string>> out;
  std::istringstream verdicts(file_text(folder_ / "verdicts"));
  for (std::string line; std::getline(verdicts, line);) {
    const json verdict = json::parse(line);
    out[verdict.at("file")] = verdict.at("errors").get<std::vector<std::string>>();
  }
  EXPECT_EQ(out.size(), jobs.size());
  return out;
}

}  // namespace soliton
