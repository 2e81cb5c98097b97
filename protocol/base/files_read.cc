#include "protocol/base/files_read.h"

#include <sys/stat.h>

namespace soliton {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

std::optional<FileStamp> stamp(const struct stat& info) {
  if (!S_ISREG(info.st_mode)) return std::nullopt;
  return FileStamp{info.st_dev, info.st_ino, info.st_size, nanoseconds(info.st_mtim),
                   nanoseconds(info.st_ctim)};
}

}  // namespace

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? stamp(info) : std::nullopt;
}

std::optional<FileStamp> stamp_of(int descriptor) {
  struct stat info {};
  return fstat(descriptor, &info) == 0 ? stamp(info) : std::nullopt;
}

void FilesRead::note(const std::string& path) {
  if (!has(path)) insert({path, stamp_of(path)});
}

void FilesRead::note(const std::string& path, int descriptor) {
  if (!has(path)) insert({path, stamp_of(descriptor)});
}

void FilesRead::add(const FilesRead& others) {
  for (const File& file : others.files_)
    if (!has(file.path)) insert(file);
}

void FilesRead::insert(const File& file) {
  paths_.insert(file.path);
  files_.push_back(file);
}

}  // namespace soliton
