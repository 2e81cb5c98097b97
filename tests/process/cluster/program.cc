#include "tests/process/cluster/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace soliton {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

const char* const kProgram = SOLITON_BINARY_DIR "/bin/soliton";

struct Pipe {
  int ends[2];
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
};

pid_t spawn(const std::vector<std::string>& arguments, const std::string& input, Pipe& out,
            Pipe& err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err.ends[1], 2);
  posix_spawn_file_actions_addchdir_np(&actions, SOLITON_SOURCE_DIR);
  std::vector<char*> words{const_cast<char*>(kProgram)};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_t pid = -1;
  if (posix_spawn(&pid, kProgram, &actions, nullptr, words.data(), environ) != 0)
    throw std::runtime_error(kProgram);
  posix_spawn_file_actions_destroy(&actions);
  close(out.ends[1]);
  close(err.ends[1]);
  return pid;
}

// Reads both pipes until both are closed.
void drain(int out, int err, Ended& ended) {
  pollfd pipes[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* texts[2] = {&ended.out, &ended.err};
  for (int open = 2; open > 0;) {
    if (poll(pipes, 2, -1) < 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (pipes[i].fd < 0 || pipes[i].revents == 0) continue;
      char buffer[65536];
      const ssize_t size = read(pipes[i].fd, buffer, sizeof buffer);
      if (size > 0) {
        texts[i]->append(buffer, static_cast<std::size_t>(size));
      } else {
        close(pipes[i].fd);
        pipes[i].fd = -1;
        --open;
      }
    }
  }
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> out;
  std::error_code error;
  for (const fs::directory_entry& task :
       fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    std::ifstream file(task.path() / "children");
    for (pid_t child; file >> child;) out.push_back(child);
  }
  return out;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "soliton-test-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& content) const {
  std::ofstream(file(name)) << content;
  return file(name);
}

Ended run_soliton(const std::vector<std::string>& arguments, const std::string& input) {
  return Running(arguments, input).wait();
}

Running::Running(const std::vector<std::string>& arguments, const std::string& input) {
  Pipe out, err;
  pid_ = spawn(arguments, input, out, err);
  out_ = out.ends[0];
  err_ = err.ends[0];
}

Running::~Running() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

std::vector<std::pair<std::string, pid_t>> Running::wait_for_nodes(std::size_t count) {
  const auto limit = Clock::now() + Milliseconds(20'000);
  while (Clock::now() < limit) {
    std::vector<std::pair<std::string, pid_t>> nodes;
    for (const pid_t child : children_of(pid_)) {
      std::string name = read_text("/proc/" + std::to_string(child) + "/comm");
      if (name.starts_with("sol:")) nodes.emplace_back(name.substr(4, name.size() - 5), child);
    }
    if (nodes.size() == count) return nodes;
    std::this_thread::sleep_for(Milliseconds(1));
  }
  return {};
}

Ended Running::wait() {
  Ended ended;
  drain(out_, err_, ended);
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  ended.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return ended;
}

bool process_exists(pid_t pid) {
  const std::string status = read_text("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t after_name = status.rfind(')');
  return after_name != std::string::npos && status.substr(after_name + 2, 1) != "Z";
}

bool all_gone(const std::vector<std::pair<std::string, pid_t>>& processes, int milliseconds) {
  const auto limit = Clock::now() + Milliseconds(milliseconds);
  for (;;) {
    bool any = false;
    for (const auto& [name, pid] : processes) any = any || process_exists(pid);
    if (!any) return true;
    if (Clock::now() > limit) return false;
    std::this_thread::sleep_for(Milliseconds(1));
  }
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

nlohmann::json read_json(const std::string& path) { return nlohmann::json::parse(read_text(path)); }

std::string results_without_wall(const std::string& folder) {
  std::istringstream lines(read_text(folder + "/results.json"));
  std::string out;
  for (std::string line; std::getline(lines, line);)
    if (line.find("\"wall\": {") == std::string::npos) out += line + "\n";
  return out;
}

}  // namespace soliton
