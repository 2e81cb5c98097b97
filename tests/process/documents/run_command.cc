#include "tests/process/documents/run_command.h"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace soliton {
namespace {

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

CommandEnd run_command(const std::string& command, const std::string& folder,
                       const std::string& scratch) {
  const std::string out = scratch + "/out";
  const std::string err = scratch + "/err";
  const std::string line =
      "cd '" + folder + "' && { " + command + " ; } </dev/null >'" + out + "' 2>'" + err + "'";
  const int status = std::system(line.c_str());
  CommandEnd end;
  if (status != -1) end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  end.out = content_of(out);
  end.err = content_of(err);
  return end;
}

}  // namespace soliton
