// A key that outlives a run, in a file of its own: 64 hexadecimal digits and at most one newline,
// in a regular file that only its owner may read or write.
//   (umask 077 && openssl rand -hex 32 >run.key)
#pragma once

#include <string>

#include "protocol/base/result.h"
#include "protocol/wire/packet_security.h"

namespace soliton {

// Errors: kInvalid, with what is wrong and what is allowed, but never any of the content.
Result<Key> read_key_file(const std::string& path);

}  // namespace soliton
