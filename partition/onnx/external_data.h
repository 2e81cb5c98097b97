// Weights stored in files beside the model. No other code opens a file whose name comes from a
// model.
#pragma once

#include <cstdint>
#include <string>

#include "partition/onnx/bytes.h"
#include "protocol/base/files_read.h"
#include "protocol/base/result.h"

namespace soliton::onnx_import {

// How a name is resolved. kAuto lets the kernel confine it to the folder (openat2) and falls back
// to walking the path if the kernel cannot.
enum class Opener : std::uint8_t { kAuto, kWalk };

// Opens `location`, a relative name, beneath the open folder `folder`. Refuses absolute names,
// "..", symbolic links anywhere on the path, and everything but a regular file without further hard
// links.
Result<File> open_beneath(const File& folder, const std::string& location,
                          Opener opener = Opener::kAuto);

class ExternalData {
 public:
  // `model_path`: the model file. Only files in its folder are read.
  explicit ExternalData(const std::string& model_path);
  // Bytes [offset, offset + length) of the named file; length < 0: to its end. The total over all
  // calls is limited.
  Result<std::string> read(const std::string& location, std::int64_t offset, std::int64_t length);
  // The files that were opened.
  const FilesRead& files() const { return files_; }

 private:
  std::string folder_;
  FilesRead files_;
  std::int64_t total_ = 0;
};

}  // namespace soliton::onnx_import
