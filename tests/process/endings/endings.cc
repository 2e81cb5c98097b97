#include "tests/process/endings/endings.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

namespace soliton {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

void pause_a_moment() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

template <typename Condition>
bool within(double seconds, Condition holds) {
  const auto limit = Clock::now() + std::chrono::duration<double>(seconds);
  while (!holds()) {
    if (Clock::now() > limit) return false;
    pause_a_moment();
  }
  return true;
}

[[noreturn]] void run_program(const std::vector<std::string>& words) {
  if (chdir(SOLITON_SOURCE_DIR) != 0) _exit(126);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

void expect_consistent(const nlohmann::json& results) {
  const auto& requests = results["requests"];
  const auto sent = requests["sent"].get<std::int64_t>();
  const auto completed = requests["completed"].get<std::int64_t>();
  EXPECT_GE(sent, completed);
  EXPECT_GE(completed, 0);
  EXPECT_EQ(requests["failed"].get<std::int64_t>(), sent - completed);
  EXPECT_FALSE(results["complete"].get<bool>());
  EXPECT_TRUE(results.contains("error"));
  // Answers are compared when a run has ended, if there are any.
  const bool ended = !results["error"].get<std::string>().starts_with("the run had not ended");
  const bool compared = ended && completed > 0;
  EXPECT_EQ(results["outputs"]["mismatched"], compared ? nlohmann::json(0) : nlohmann::json());
}

std::size_t answers_in(const std::string& folder) {
  return whole_lines(folder + "/requests.csv").size() - 1;
}

}  // namespace

std::string soliton_program() { return SOLITON_BINARY_DIR "/bin/soliton"; }

std::vector<std::string> long_run(const std::string& mode, const std::string& folder) {
  std::vector<std::string> words{soliton_program(),
                                 "run",
                                 "configs/quickstart.yaml",
                                 "--set",
                                 "workload.requests=1000000",
                                 "--set",
                                 "limits.time=1000 s",
                                 "--out",
                                 folder};
  if (mode == "wall")
    words.insert(words.end(), {"--time", "wall"});
  else
    words.insert(words.end(), {"--processes", mode});
  return words;
}

std::vector<std::string> whole_lines(const std::string& path) {
  const std::string text = read_text(path);
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  EXPECT_EQ(at, text.size()) << path << " ends in the middle of a line";
  if (!path.ends_with(".csv")) return lines;
  for (const std::string& line : lines)
    EXPECT_EQ(std::count(line.begin(), line.end(), ','),
              std::count(lines[0].begin(), lines[0].end(), ','))
        << path << ": " << line;
  return lines;
}

void expect_valid_and_marked(const std::string& folder) {
  const nlohmann::json results = read_json(folder + "/results.json");
  expect_consistent(results);
  EXPECT_EQ(answers_in(folder), results["requests"]["completed"].get<std::size_t>());
  for (const std::string& line : whole_lines(folder + "/progress.jsonl"))
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

void expect_valid_up_to_the_last_second(const std::string& folder) {
  if (!fs::exists(folder + "/results.json")) return;
  const nlohmann::json results = read_json(folder + "/results.json");
  expect_consistent(results);
  EXPECT_GE(answers_in(folder), results["requests"]["completed"].get<std::size_t>());
}

std::vector<pid_t> nodes_left(pid_t controller) {
  std::vector<pid_t> left;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string words = read_text(entry.path() / "cmdline");
    const std::string parent = '\0' + std::to_string(controller) + '\0';
    const pid_t pid = std::stoi(name);
    if (words.find("soliton-node") != std::string::npos &&
        words.find(parent) != std::string::npos && process_exists(pid))
      left.push_back(pid);
  }
  return left;
}

bool none_left(pid_t controller) {
  return within(1, [&] { return nodes_left(controller).empty(); });
}

// A reader may come while a line is written, so lines are only counted.
bool wait_for_answers(const std::string& folder) {
  return within(20, [&] {
    const std::string text = read_text(folder + "/requests.csv");
    return std::count(text.begin(), text.end(), '\n') > 1;
  });
}

Session::Session(const std::vector<std::string>& words, Streams streams) {
  pid_ = fork();
  if (pid_ != 0) return;
  setsid();
  const int nowhere = open("/dev/null", O_RDWR);
  dup2(nowhere, STDIN_FILENO);
  dup2(streams.out < 0 ? nowhere : streams.out, STDOUT_FILENO);
  dup2(streams.err < 0 ? nowhere : streams.err, STDERR_FILENO);
  close_range(3, ~0U, 0);
  run_program(words);
}

Session::Session(const std::vector<std::string>& words, Terminal) {
  pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
  if (pid_ == 0) run_program(words);
}

Session::~Session() {
  if (pid_ > 0) {
    signal_group(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  hang_up();
}

void Session::signal(int number) const { ::kill(pid_, number); }
void Session::signal_group(int number) const { ::kill(-pid_, number); }

void Session::hang_up() {
  if (terminal_ >= 0) close(std::exchange(terminal_, -1));
}

// What comes from the terminal is read, or the program would wait for its reader.
int Session::wait(double seconds) {
  int status = 0;
  const bool ended = within(seconds, [&] {
    char buffer[4096];
    fd_set ready;
    FD_ZERO(&ready);
    timeval none{};
    if (terminal_ >= 0) {
      FD_SET(terminal_, &ready);
      if (select(terminal_ + 1, &ready, nullptr, nullptr, &none) == 1)
        static_cast<void>(!read(terminal_, buffer, sizeof buffer));
    }
    return waitpid(pid_, &status, WNOHANG) == pid_;
  });
  if (!ended) return -1;
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace soliton
