// Weights stored in files beside the model: the one place that opens a name found inside a model.
#pragma once

#include <cstdint>
#include <string>

#include "partition/onnx/bytes.h"
#include "protocol/base/files_read.h"
#include "protocol/base/result.h"

namespace soliton::onnx_import {

// How a name is resolved; kAuto asks the kernel to stay beneath the folder (openat2) and walks
// where it cannot.
enum class Opener : std::uint8_t { kAuto, kWalk };

// Opens `location`, a relative name, beneath the open folder `folder`. No absolute name, no "..",
// no symbolic link anywhere on the way, and what is found must be a regular file with one name
// only.
Result<File> open_beneath(const File& folder, const std::string& location,
                          Opener opener = Opener::kAuto);

class ExternalData {
 public:
  // `model_path`: the model file; its folder is the only one read from.
  explicit ExternalData(const std::string& model_path);
  // Bytes `offset` .. `offset + length` of the named file; length < 0: to its end. The sum over all
  // calls is limited.
  Result<std::string> read(const std::string& location, std::int64_t offset, std::int64_t length);
  // That were opened.
  const FilesRead& files() const { return files_; }

 private:
  std::string folder_;
  FilesRead files_;
  std::int64_t total_ = 0;
};

}  // namespace soliton::onnx_import
