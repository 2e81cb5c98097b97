// Fault rules without their cluster file.
#include <fmt/format.h>

#include "cluster/file/parts.h"
#include "cluster/file/yaml_file.h"

namespace soliton {

Checked<std::vector<FaultSpec>> read_fault_rules(const std::string& list, const ClusterSpec& spec) {
  const Checked<YamlFile> yaml = yaml_of_text(fmt::format("faults: {}\n", list), spec.file);
  if (!yaml) return tl::unexpected<Diagnostics>(yaml.error());
  ReadContext context(yaml->file, {});
  MapReader map(context, yaml->root, kClusterFields, "");
  ClusterSpec with = spec;
  with.faults.clear();
  read_faults(map, with);
  if (context.count() > 0) return tl::unexpected<Diagnostics>(context.take());
  return std::move(with.faults);
}

}  // namespace soliton
