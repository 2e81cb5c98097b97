#include "partition/onnx/external_data.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "partition/ir/shown_name.h"
#include "partition/onnx/limits.h"

namespace soliton::onnx_import {

namespace {

constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;

std::vector<std::string> components(const std::string& location) {
  std::vector<std::string> out;
  std::size_t start = 0;
  while (start <= location.size()) {
    const std::size_t end = std::min(location.find('/', start), location.size());
    out.push_back(location.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

Status check_location(const std::string& location) {
  if (location.empty()) return invalid("has no name");
  if (location.size() > kMaxOnnxName) return invalid("has too long a name");
  if (location.front() == '/')
    return invalid("has an absolute name; it must lie in the model's folder");
  if (location.find('\0') != std::string::npos) return invalid("has a name with a zero byte");
  for (const std::string& part : components(location)) {
    if (part == "..") return invalid("leads out of the model's folder");
    if (part.empty()) return invalid("has a name with an empty part");
  }
  return {};
}

// Opens each part from its parent without following links, so no rename in between can lead
// outside.
int walk(int folder, const std::string& location) {
  const std::vector<std::string> parts = components(location);
  File at(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
  for (std::size_t i = 0; i + 1 < parts.size() && at.is_open(); ++i)
    at = File(::openat(at.fd(), parts[i].c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW));
  return at.is_open() ? ::openat(at.fd(), parts.back().c_str(), kFlags) : -1;
}

int open_quickly(int folder, const std::string& location) {
  struct open_how how {};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, location.c_str(), &how, sizeof how));
}

std::string open_problem() {
  // ELOOP: a symbolic link; ENOTDIR comes from a link in the middle of the name when walking.
  if (errno == ELOOP) return "is a symbolic link or lies behind one";
  if (errno == EXDEV) return "leads out of the model's folder";
  return fmt::format("cannot be opened: {}", std::strerror(errno));
}

}  // namespace

Result<File> open_beneath(const File& folder, const std::string& location, Opener opener) {
  if (const Status status = check_location(location); !status)
    return tl::unexpected(status.error());
  int fd =
      opener == Opener::kAuto ? open_quickly(folder.fd(), location) : walk(folder.fd(), location);
  // Old kernels lack the call; some sandboxes forbid it.
  if (fd < 0 && opener == Opener::kAuto && (errno == ENOSYS || errno == EPERM))
    fd = walk(folder.fd(), location);
  if (fd < 0) return invalid(open_problem());
  File file(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return invalid("is not a regular file");
  if (info.st_nlink != 1)
    return invalid(fmt::format("has {} names (hard links); 1 is allowed", info.st_nlink));
  return file;
}

ExternalData::ExternalData(const std::string& model_path) {
  const std::size_t slash = model_path.rfind('/');
  folder_ = slash == std::string::npos ? "." : slash == 0 ? "/" : model_path.substr(0, slash);
}

Result<std::string> ExternalData::read(const std::string& location, std::int64_t offset,
                                       std::int64_t length) {
  const auto fail = [&](const std::string& what) {
    return invalid(fmt::format("external data \"{}\" {}", shown_name(location), what));
  };
  const File folder(::open(folder_.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (!folder.is_open())
    return fail(fmt::format("lies in a folder that cannot be opened: {}", std::strerror(errno)));
  const Result<File> file = open_beneath(folder, location);
  if (!file) return fail(file.error().message);
  files_.note(folder_ + "/" + location, file->fd());
  const Result<std::int64_t> size = regular_size(*file);
  if (!size) return fail(size.error().message);
  if (offset < 0 || offset > *size)
    return fail(fmt::format("has {} bytes, but byte {} is wanted", *size, offset));
  if (length < 0) length = *size - offset;
  if (length > *size - offset)
    return fail(fmt::format("has {} bytes, but {} from byte {} are wanted", *size, length, offset));
  if (length > kMaxOnnxExternalBytes - total_)
    return fail(fmt::format("brings the weights stored beside the model to more than {} bytes",
                            kMaxOnnxExternalBytes));
  total_ += length;
  Result<std::string> bytes = read_at(*file, offset, length);
  return bytes ? std::move(bytes) : Result<std::string>(fail(bytes.error().message));
}

}  // namespace soliton::onnx_import
