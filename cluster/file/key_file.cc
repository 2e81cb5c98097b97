#include "cluster/file/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "cluster/yaml/files.h"

namespace soliton {
namespace {

constexpr std::size_t kDigits = 2 * sizeof(Key);
constexpr mode_t kOthers = 077;

class File {
 public:
  // Non-blocking, because opening a pipe without a writer would wait forever.
  explicit File(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<Key> parse_key(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t digits = 0;
  while (digits < text.size() && digit_value(text[digits]) >= 0) ++digits;
  if (digits < text.size())
    return failure(
        ErrorCode::kInvalid,
        fmt::format("not a hexadecimal digit at byte {}; a key is {} of them", digits, kDigits));
  if (digits != kDigits)
    return failure(ErrorCode::kInvalid, fmt::format("{} hexadecimal digits{}; a key is {}", digits,
                                                    digits > kDigits ? " or more" : "", kDigits));
  Key key{};
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::byte>(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
  return key;
}

}  // namespace

// Checks and reads through one descriptor, so that the file cannot be exchanged in between.
Result<Key> read_key_file(const std::string& path) {
  const File file(path);
  if (file.fd() < 0 && errno == ENOENT)
    return failure(ErrorCode::kInvalid, explain_missing_file(path));
  struct stat status {};
  if (file.fd() < 0 || fstat(file.fd(), &status) != 0)
    return failure(ErrorCode::kInvalid, fmt::format("cannot be read: {}", std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) return failure(ErrorCode::kInvalid, "not a regular file");
  if ((status.st_mode & kOthers) != 0)
    return failure(ErrorCode::kInvalid,
                   fmt::format("users other than its owner have access to the file (mode {:04o}); "
                               "allowed: 0600 or 0400",
                               status.st_mode & 07777));
  std::array<char, kDigits + 2> text{};
  const ssize_t size = read(file.fd(), text.data(), text.size());
  if (size < 0)
    return failure(ErrorCode::kInvalid, fmt::format("cannot be read: {}", std::strerror(errno)));
  return parse_key({text.data(), static_cast<std::size_t>(size)});
}

}  // namespace soliton
