// Whether others may read what a command leaves.
#pragma once

#include <string>

#include "cluster/cli/command.h"
#include "protocol/base/result.h"

namespace soliton {

// The option --shared: others may read the folder, as far as the umask lets them.
void define_shared(OptionSet& options, bool& shared);

// From now on what this process makes is its user's alone, unless `shared`. Folders above `folder`,
// which it is about to make, are made first, as the umask says: they hold nothing of it. kNotWritten.
// REQUIRES: no thread of the process makes files meanwhile.
Status keep_private(const std::string& folder, bool shared);

}  // namespace soliton
