// The JSON Schemas of our files against a validator that is not ours, and the pages that show the
// same tables.
#include "cluster/experiment/schemas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "cluster/experiment/experiment.h"
#include "cluster/file/cluster_fields.h"
#include "cluster/file/parts.h"
#include "cluster/file/yaml_file.h"
#include "cluster/yaml/field_page.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const DataRoot kData{SOLITON_SOURCE_DIR};

std::string text_of(const fs::path& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

bool repairs() { return std::getenv("SOLITON_REPAIR_DOCUMENTS") != nullptr; }

// A file that is made from the tables. In repair mode a difference is written into it.
void expect_made(const fs::path& path, const std::string& made) {
  const std::string found = text_of(path);
  if (found != made && repairs()) write(path, made);
  EXPECT_TRUE(found == made) << path
                             << " is not what the tables say; `./dev docs --repair` makes it so";
}

TEST(Schemas, ShippedFilesAreThoseOfTheTables) {
  for (const FileSchema& schema : file_schemas(kData))
    expect_made(fs::path(SOLITON_SOURCE_DIR) / schema.path, schema.text);
}

TEST(Schemas, TablesInPagesAreThoseOfTheFields) {
  std::vector<const FieldTable*> tables;
  for (const FieldTable* root : {&kClusterFields, &kExperimentFields, &kNpuFields, &kCpuFields})
    for (const FieldTable* table : tables_of(*root)) tables.push_back(table);
  std::size_t shown = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(SOLITON_SOURCE_DIR) / "docs")) {
    if (entry.path().extension() != ".md") continue;
    const std::string text = text_of(entry.path());
    const Result<std::string> made = with_field_pages(text, tables);
    ASSERT_TRUE(made) << entry.path() << ": " << made.error().message;
    expect_made(entry.path(), *made);
    for (std::size_t at = text.find("<!-- fields: "); at != std::string::npos;
         at = text.find("<!-- fields: ", at + 1))
      ++shown;
  }
  EXPECT_GE(shown, 10U);
}

// The kind of a file by its keys, as `check` tells it.
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

struct Job {
  std::string kind;
  std::string file;
};

class Validator : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  // What the validator says of each file, by path: nothing for a good one.
  std::map<std::string, std::vector<std::string>> validate(const std::vector<Job>& jobs) const {
    std::string lines;
    for (const Job& job : jobs)
      lines +=
          json{{"schema", fmt::format("{}/configs/{}.schema.json", SOLITON_SOURCE_DIR, job.kind)},
               {"file", job.file}}
              .dump() +
          "\n";
    write(folder_ / "jobs", lines);
    const std::string command = fmt::format(
        "/usr/bin/python3 {}/tests/unit/schemas/validate.py <{} >{}", SOLITON_SOURCE_DIR,
        (folder_ / "jobs").string(), (folder_ / "verdicts").string());
    EXPECT_EQ(std::system(command.c_str()), 0)
        << "needs the packages python3-jsonschema and python3-ruamel.yaml";
    std::map<std::string, std::vector<std::string>> out;
    std::istringstream verdicts(text_of(folder_ / "verdicts"));
    for (std::string line; std::getline(verdicts, line);) {
      const json verdict = json::parse(line);
      out[verdict.at("file")] = verdict.at("errors").get<std::vector<std::string>>();
    }
    EXPECT_EQ(out.size(), jobs.size());
    return out;
  }

  fs::path folder_ =
      fs::path(testing::TempDir()) /
      fmt::format("schemas-{}", testing::UnitTest::GetInstance()->random_seed() + getpid());
};

TEST_F(Validator, AcceptsAllShippedFiles) {
  std::vector<Job> jobs;
  for (const std::string& file : shipped_yaml()) jobs.push_back({kind_of_file(file), file});
  ASSERT_GE(jobs.size(), 40U);
  for (const auto& [file, errors] : validate(jobs)) EXPECT_THAT(errors, testing::IsEmpty()) << file;
}

TEST_F(Validator, ShippedFilesNameTheirSchema) {
  for (const std::string& file : shipped_yaml()) {
    const std::string first = text_of(file).substr(0, text_of(file).find('\n'));
    const std::string lead = "# yaml-language-server: $schema=";
    ASSERT_TRUE(first.starts_with(lead)) << file;
    const fs::path named = fs::path(file).parent_path() / first.substr(lead.size());
    EXPECT_EQ(
        fs::weakly_canonical(named),
        fs::path(SOLITON_SOURCE_DIR) / fmt::format("configs/{}.schema.json", kind_of_file(file)))
        << file;
  }
}

// What a run writes into its folder.
TEST_F(Validator, AcceptsClusterFilesThatWereWritten) {
  std::vector<Job> jobs;
  for (const std::string& file : shipped_yaml()) {
    if (kind_of_file(file) != "cluster") continue;
    const Checked<ClusterSpec> spec = read_cluster(file, {}, kData);
    ASSERT_TRUE(spec) << spec.error().text();
    const fs::path written = folder_ / fmt::format("{}.yaml", jobs.size());
    write(written, write_cluster(*spec, folder_.string()));
    jobs.push_back({"cluster", written.string()});
  }
  for (const auto& [file, errors] : validate(jobs))
    EXPECT_THAT(errors, testing::IsEmpty()) << text_of(file);
}

// A file with one thing changed that people change, or get wrong.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed, "mutants") {}

  std::string mutant(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    for (int tries = 0; tries < 20; ++tries) {
      std::string& line = lines[below(lines.size())];
      if (line.empty() || line.starts_with('#')) continue;
      change(line);
      break;
    }
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
  }

 private:
  std::size_t below(std::size_t bound) { return random_.below(ordinal_++, bound); }

  // Values of every kind, good and bad.
  std::string value() {
    static const std::vector<std::string> kValues = {
        "0",      "1",     "-1",      "7",      "4096",     "99999999999", "1.5",
        "0x10",   "\"8\"", "x",       "true",   "\"true\"", "off",         "auto",
        "null",   "~",     "''",      "[1, 2]", "{}",       "1 us",        "2 s",
        "64 B",   "10 GB", "40 Gb/s", "5 %",    "200 MHz",  "rack",        "cpu",
        "bw-s10", "int8",  "closed",  "20 k/s", "loss",     "{mtu: 64 B}"};
    return kValues[below(kValues.size())];
  }

  void change(std::string& line) {
    const std::size_t colon = line.find(": ");
    switch (below(5)) {
      case 0:
        line.clear();
        break;
      case 1:  // a letter less
        if (line.size() > 3) line.erase(below(line.size()), 1);
        break;
      case 2:  // a key misspelled
        if (colon != std::string::npos && colon > 0) line.insert(colon, "s");
        break;
      default:  // another value, at the first key of the line or at the last
        if (colon != std::string::npos) {
          const std::size_t at = below(2) == 0 ? colon : line.rfind(": ");
          const std::size_t end = std::min(line.find_first_of(",}", at), line.size());
          line.replace(at + 2, end - at - 2, value());
        }
    }
  }

  Random random_;
  std::uint64_t ordinal_ = 0;
};

Diagnostics problems_of(const std::string& text, const std::string& kind, const std::string& like) {
  Checked<YamlFile> yaml = yaml_of_text(text, like);
  if (!yaml) return yaml.error();
  const auto errors = [](const auto& read) { return read ? Diagnostics{} : read.error(); };
  if (kind == "experiment") return errors(read_experiment(*yaml));
  if (kind == "device") return errors(read_device(*yaml, kData));
  if (kind == "topology") return errors(read_topology_file(*yaml));
  return read_cluster_parts(std::move(*yaml), {}, kData).problems;
}

// Why `check` may refuse what a schema accepts (docs/cluster-file.md says the same).
bool is_listed(const std::string& message) {
  static const std::regex reasons(
      // Sizes of quantities; relations between keys and values; names that only files say.
      "is not between|is out of range|is negative|smaller than the smallest|is too large|"
      "belongs to|needs |has no meaning|only one of|is missing|is below|is above|is not above|is "
      "less than|"
      "is not a power of two|together|must be above|no room|runs without|takes |of kind|"
      "no file|no folder|no device|no topology|no node|no place|no host|number format|used "
      "twice|no format|"
      "is not a name|is not a place|names |says already|is not within|builds on itself|has no |"
      "\"model\\.type\"|is a folder|supports?ed|is full|without a path|"
      // What YAML allows and these files do not.
      "is not a whole number|is not known|has no unit|must be one value|no link");
  return std::regex_search(message, reasons);
}

TEST_F(Validator, NeverRefusesWhatCheckAccepts) {
  const std::vector<std::string> files = shipped_yaml();
  Mutator mutator(1);
  std::vector<Job> jobs;
  std::map<std::string, Diagnostics> ours;
  for (std::size_t i = 0; i < 240; ++i) {
    const std::string& like = files[i % files.size()];
    const std::string kind = kind_of_file(like);
    const std::string text = mutator.mutant(text_of(like));
    const std::string file = (folder_ / fmt::format("{}.yaml", i)).string();
    write(file, text);
    jobs.push_back({kind, file});
    ours[file] = problems_of(text, kind, like);
  }
  std::size_t good = 0, bad = 0;
  for (const auto& [file, errors] : validate(jobs)) {
    const Diagnostics& problems = ours[file];
    if (problems.empty()) {
      ++good;
      EXPECT_THAT(errors, testing::IsEmpty()) << text_of(file);
    } else if (errors.empty()) {
      for (const Error& problem : problems.errors)
        EXPECT_TRUE(is_listed(problem.message)) << problem.message;
    } else {
      ++bad;
    }
  }
  EXPECT_GE(good, 20U);
  EXPECT_GE(bad, 40U);
}

}  // namespace
}  // namespace soliton
