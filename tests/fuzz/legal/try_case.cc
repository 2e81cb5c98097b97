#include "tests/fuzz/legal/try_case.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

namespace soliton {
namespace {

constexpr int kHangs = -1;

struct Ended {
  int status = kHangs;  // exit status, or 128 + signal
  std::string messages;
};

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

pid_t start(const TryOptions& options, const std::vector<std::string>& arguments,
            const std::string& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
  std::vector<char*> words{const_cast<char*>(options.program.c_str())};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, options.program.c_str(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

// The status, or kHangs after it was killed.
int wait_for(pid_t pid, int seconds) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  pollfd ended{pidfd, POLLIN, 0};
  const bool in_time = poll(&ended, 1, seconds * 1000) == 1;
  if (!in_time) kill(pid, SIGKILL);
  close(pidfd);
  int status = 0;
  waitpid(pid, &status, 0);
  if (!in_time) return kHangs;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Ended run(const TryOptions& options, const std::string& file, const std::string& out,
          const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"run", file, "--quiet", "--out", out};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const std::string log = fmt::format("{}/{}.log", options.folder, out);
  const pid_t pid = start(options, arguments, log);
  if (pid < 0) return {127, "cannot be started"};
  const int status = wait_for(pid, options.seconds_most);
  return {status, read_text(log)};
}

nlohmann::ordered_json results_of(const TryOptions& options, const std::string& out) {
  return nlohmann::ordered_json::parse(
      read_text(fmt::format("{}/{}/results.json", options.folder, out)), nullptr, false);
}

std::string without_wall(const TryOptions& options, const std::string& out) {
  nlohmann::ordered_json results = results_of(options, out);
  if (!results.is_object()) return "";
  results.erase("wall");
  return results.dump(1);
}

// The first line in which two texts differ.
std::string difference(const std::string& a, const std::string& b) {
  std::size_t at = 0;
  while (at < std::min(a.size(), b.size()) && a[at] == b[at]) ++at;
  const std::size_t line = a.rfind('\n', at) == std::string::npos ? 0 : a.rfind('\n', at) + 1;
  return fmt::format("< {}\n> {}", a.substr(line, at - line + 160),
                     b.substr(line, at - line + 160));
}

// A cluster that broke is one where a peer was given up.
bool is_an_answer(const Ended& ended) {
  if (ended.status == 4) return ended.messages.find(" gave up ") != std::string::npos;
  return (ended.status >= 0 && ended.status <= 3) || ended.status == 5;
}

class Comparison {
 public:
  explicit Comparison(const TryOptions& options) : options_(options) {}

  Tried run_all(const LegalCase& legal) {
    std::ofstream(options_.folder + "/cluster.yaml") << legal.yaml;
    packed_ = run(options_, "cluster.yaml", "packed", {"--processes", "packed"});
    tried_.status = packed_.status;
    if (!judge("packed", packed_)) return tried_;
    if (legal.messages)
      compare_packets();
    else
      compare("per-node", run(options_, "cluster.yaml", "per-node", {"--processes", "per-node"}));
    const std::string own = options_.folder + "/packed/cluster.yaml";
    if (std::filesystem::exists(own))
      compare("own-file", run(options_, "packed/cluster.yaml", "own-file", {}));
    if (legal.comparable_in_wall_time && packed_.status <= 1) compare_wall();
    return tried_;
  }

 private:
  void found(std::string what, std::string detail) {
    tried_.findings.push_back({std::move(what), std::move(detail)});
  }

  // Whether the run gave an answer.
  bool judge(const std::string& name, const Ended& ended) {
    if (is_an_answer(ended)) {
      if (ended.status > 1 && ended.messages.empty())
        found(fmt::format("{} ends with status {} and no word", name, ended.status), "");
      if (ended.status == 1 && ended.messages.find("differ") != std::string::npos)
        found(name + " gives other outputs than one device", ended.messages);
      return true;
    }
    found(ended.status == kHangs
              ? fmt::format("{} did not end in {} s", name, options_.seconds_most)
              : fmt::format("{} ends with status {}", name, ended.status),
          ended.messages);
    return false;
  }

  void compare(const std::string& name, const Ended& other) {
    if (!judge(name, other)) return;
    if (other.status != packed_.status)
      return found(
          fmt::format("packed ends with {}, {} with {}", packed_.status, name, other.status),
          packed_.messages + other.messages);
    const std::string here = without_wall(options_, "packed");
    const std::string there = without_wall(options_, name);
    if (here != there) found("packed and " + name + " differ", difference(here, there));
  }

  // Other times, the same outputs.
  void compare_packets() {
    const Ended packets = run(options_, "cluster.yaml", "packets",
                              {"--processes", "packed", "--set", "fidelity=packet"});
    if (!judge("packets", packets) || packets.status > 1 || packed_.status > 1) return;
    const nlohmann::ordered_json here = results_of(options_, "packed");
    const nlohmann::ordered_json there = results_of(options_, "packets");
    if (here["outputs"]["sha256"] != there["outputs"]["sha256"])
      found("outputs of messages differ", here["outputs"].dump() + "\n" + there["outputs"].dump());
  }

  // What does not end there in a few seconds is no matter of outputs.
  void compare_wall() {
    const Ended wall =
        run(options_, "cluster.yaml", "wall", {"--time", "wall", "--set", "limits.time=5 s"});
    if (!judge("wall", wall) || wall.status > 1) return;
    tried_.compared_wall = true;
    const nlohmann::ordered_json here = results_of(options_, "packed");
    const nlohmann::ordered_json there = results_of(options_, "wall");
    if (here["outputs"]["sha256"] != there["outputs"]["sha256"])
      found("outputs in wall time differ", here["outputs"].dump() + "\n" + there["outputs"].dump());
  }

  const TryOptions& options_;
  Ended packed_;
  Tried tried_;
};

}  // namespace

Tried try_case(const LegalCase& legal, const TryOptions& options) {
  return Comparison(options).run_all(legal);
}

}  // namespace soliton
