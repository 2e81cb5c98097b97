#include "cluster/cli/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "cluster/results/file_io.h"
#include "protocol/base/message.h"
#include "protocol/base/text.h"

namespace soliton {

// open() takes the lowest free number. The mode is the wrong one on purpose.
void claim_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      static_cast<void>(open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

Status print_raw(std::string_view text) {
  return write_all(STDOUT_FILENO, text, "standard output");
}

Status print_lines(std::string_view text) { return print_raw(escaped_lines(text)); }

int printed(const Status& written, int status) {
  if (written) return status;
  message("{}\n", written.error().message);
  return status != 0 ? status : exit_status(written.error().code);
}

}  // namespace soliton
