#include "tests/process/documents/terminal.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>

#include "tests/process/documents/console.h"

namespace soliton {
namespace {

constexpr unsigned short kRows = 50, kColumns = 400;  // wide enough that nothing is cut

// Behind an escape sequence that begins at `i`.
std::size_t behind_escape(const std::string& text, std::size_t i) {
  if (i + 1 >= text.size() || text[i + 1] != '[') return i + 2;
  for (i += 2; i < text.size() && !std::isalpha(static_cast<unsigned char>(text[i])); ++i) {
  }
  return i + 1;
}

[[noreturn]] void become(const std::string& command, const std::string& folder,
                         const std::string& programs, int terminal) {
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(terminal, STDOUT_FILENO);
  dup2(terminal, STDERR_FILENO);
  const char* path = std::getenv("PATH");
  setenv("PATH", (programs + ":" + (path ? path : "/usr/bin:/bin")).c_str(), 1);
  setenv("NO_COLOR", "1", 1);
  unsetenv("SOLITON_DATA");
  if (chdir(folder.c_str()) == 0)
    execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
  _exit(127);
}

std::string read_all(int descriptor) {
  std::string all;
  char piece[4096];
  // The last one to close the other end makes this end fail with EIO.
  for (ssize_t got = 0; (got = read(descriptor, piece, sizeof piece)) > 0;)
    all.append(piece, static_cast<std::size_t>(got));
  return all;
}

}  // namespace

std::vector<std::string> as_seen(const std::string& written) {
  std::string text, line;
  for (std::size_t i = 0; i < written.size();) {
    const char c = written[i];
    if (c == '\x1b') {
      i = behind_escape(written, i);
      continue;
    }
    if (c == '\r') {
      if (i + 1 >= written.size() || written[i + 1] != '\n') line.clear();
    } else {
      line += c;
    }
    if (c == '\n') text += std::exchange(line, "");
    ++i;
  }
  return lines_of(text + line);
}

CommandEnd run_at_terminal(const std::string& command, const std::string& folder,
                           const std::string& programs) {
  CommandEnd end;
  int ours = -1, theirs = -1;
  termios plain{};
  cfmakeraw(&plain);
  const winsize size{kRows, kColumns, 0, 0};
  if (openpty(&ours, &theirs, nullptr, &plain, &size) != 0) return end;
  fcntl(ours, F_SETFD, FD_CLOEXEC);
  fcntl(theirs, F_SETFD, FD_CLOEXEC);
  const pid_t child = fork();
  if (child == 0) become(command, folder, programs, theirs);
  close(theirs);
  if (child > 0) {
    end.seen = as_seen(read_all(ours));
    int status = 0;
    if (waitpid(child, &status, 0) == child)
      end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  close(ours);
  return end;
}

}  // namespace soliton
