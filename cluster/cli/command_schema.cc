// soliton schema: the JSON Schema of a kind of file, for editors.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/experiment/schemas.h"

namespace soliton {
namespace {

int schema(const CommandLine& line) {
  const std::vector<FileSchema> schemas = file_schemas(data_root());
  const auto found = std::ranges::find_if(
      schemas, [&](const FileSchema& it) { return it.kind == line.inputs.front(); });
  return printed(print_raw(found->text));
}

RunCommand define(OptionSet& options, CommandLine&) {
  options.input_word("kind", "cluster | experiment | device | topology",
                     {"cluster", "experiment", "device", "topology"});
  return schema;
}

}  // namespace

const CliCommand kSchemaCommand = {
    .name = "schema",
    .what = "The JSON Schema of cluster, experiment, device or topology files, for editors",
    .example = "soliton schema cluster >cluster.schema.json",
    .define = define};

}  // namespace soliton
