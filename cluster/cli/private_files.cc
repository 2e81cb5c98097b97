#include "cluster/cli/private_files.h"

#include <sys/stat.h>

#include <filesystem>

#include "cluster/results/run_folder.h"

namespace soliton {

void define_shared(OptionSet& options, bool& shared) {
  options.flag("--shared", shared,
               "others may read the folder, as the umask says; by default only you");
}

Status keep_private(const std::string& folder, bool shared) {
  if (shared) return {};
  const std::filesystem::path above = std::filesystem::path(folder + "/..").lexically_normal();
  if (Status made = make_folders(above.string()); !made) return made;
  umask(S_IRWXG | S_IRWXO);
  return {};
}

}  // namespace soliton
