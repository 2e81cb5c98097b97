#include "cluster/cli/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "cluster/results/file_io.h"
#include "protocol/base/message.h"
#include "protocol/base/text.h"

namespace soliton {

// open() takes the lowest free number. The mode is deliberately the wrong one, so that uses fail.
void claim_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      static_cast<void>(open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

Status print_raw(std::string_view text) {
  return write_all(STDOUT_FILENO, text, "standard output");
}

Status print_lines(std::string_view text) { return print_raw(escaped_lines(text)); }

Status print_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  const auto escape = [&out](std::uint32_t unit) { out += fmt::format("\\u{:04x}", unit); };
  while (!json.empty()) {
    const Utf8Character c = front_character(json);
    const std::uint32_t code = c.valid ? c.code_point : 0xfffd;
    if (code < 0x7f)
      out += json[0];
    else if (code < 0x10000)
      escape(code);
    else
      escape(0xd7c0 + (code >> 10)), escape(0xdc00 + (code & 0x3ff));
    json.remove_prefix(c.size);
  }
  return print_raw(out);
}

int report_errors(const Diagnostics& diagnostics) {
  message(diagnostics.text());
  return exit_status(diagnostics.errors.front().code);
}

int report_error(const Error& error) {
  message("{}\n", error.message);
  return exit_status(error.code);
}

int printed(const Status& written, int status) {
  if (written) return status;
  message("{}\n", written.error().message);
  return status != 0 ? status : exit_status(written.error().code);
}

}  // namespace soliton
