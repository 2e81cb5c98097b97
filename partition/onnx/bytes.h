// Reading of untrusted files.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/result.h"

namespace soliton::onnx_import {

// Closes its descriptor.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  File& operator=(File&& other) noexcept;
  ~File();
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Size of an open regular file. Anything else (folder, pipe, device) is an error.
Result<std::int64_t> regular_size(const File& file);
// Reads exactly `length` bytes from `offset`.
Result<std::string> read_at(const File& file, std::int64_t offset, std::int64_t length);

// Reads the whole of a regular file of at most `limit` bytes.
Result<std::string> read_file(const std::string& path, std::int64_t limit);

}  // namespace soliton::onnx_import
