// The JSON Schemas of our files against a validator that is not ours, and the pages that show the
// same tables.
#include "cluster/experiment/schemas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "cluster/experiment/experiment.h"
#include "cluster/file/cluster_fields.h"
#include "cluster/yaml/field_page.h"
#include "fabric/faults/fault_kind.h"
#include "tests/unit/schemas/validator.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

bool repairs() { return std::getenv("SOLITON_REPAIR_DOCUMENTS") != nullptr; }

// A file that is made from the tables. In repair mode a difference is written into it.
void expect_made(const fs::path& path, const std::string& made) {
  const std::string found = file_text(path);
  if (found != made && repairs()) write_text(path, made);
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
  for (const FaultKind* kind : fault_kinds()) tables.push_back(&kind->fields);
  tables.push_back(&kFaultProfileFields);
  std::size_t shown = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(SOLITON_SOURCE_DIR) / "docs")) {
    if (entry.path().extension() != ".md") continue;
    const std::string text = file_text(entry.path());
    const Result<std::string> made = with_field_pages(text, tables);
    ASSERT_TRUE(made) << entry.path() << ": " << made.error().message;
    expect_made(entry.path(), *made);
    for (std::size_t at = text.find("<!-- fields: "); at != std::string::npos;
         at = text.find("<!-- fields: ", at + 1))
      ++shown;
  }
  EXPECT_GE(shown, 10U);
}

TEST_F(Validator, AcceptsAllShippedFiles) {
  std::vector<Job> jobs;
  for (const std::string& file : shipped_yaml()) jobs.push_back({kind_of_file(file), file});
  ASSERT_GE(jobs.size(), 40U);
  for (const auto& [file, errors] : validate(jobs)) EXPECT_THAT(errors, testing::IsEmpty()) << file;
}

TEST_F(Validator, ShippedFilesNameTheirSchema) {
  for (const std::string& file : shipped_yaml()) {
    const std::string first = file_text(file).substr(0, file_text(file).find('\n'));
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
    write_text(written, write_cluster(*spec, folder_.string()));
    jobs.push_back({"cluster", written.string()});
  }
  for (const auto& [file, errors] : validate(jobs))
    EXPECT_THAT(errors, testing::IsEmpty()) << file_text(file);
}

}  // namespace
}  // namespace soliton
