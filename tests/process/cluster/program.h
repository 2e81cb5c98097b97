// Runs the real program as a user would, and inspects what it leaves behind.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace soliton {

struct Ended {
  int status = -1;  // exit status, or 128 + signal
  std::string out;
  std::string err;
};

// A folder of its own below the system's temporary folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

// `soliton ARGUMENTS…` with the source folder as working directory and the file `input` as standard
// input.
Ended run_soliton(const std::vector<std::string>& arguments,
                  const std::string& input = "/dev/null");

// A running program.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments,
                   const std::string& input = "/dev/null");
  ~Running();
  pid_t pid() const { return pid_; }
  // Waits until it has `count` node processes with their names set, and returns their ids by node
  // name.
  std::vector<std::pair<std::string, pid_t>> wait_for_nodes(std::size_t count);
  Ended wait();

 private:
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
};

bool process_exists(pid_t pid);
// Waits at most `milliseconds` until all of them have ended.
bool all_gone(const std::vector<std::pair<std::string, pid_t>>& processes, int milliseconds);

nlohmann::json read_json(const std::string& path);
std::string read_text(const std::string& path);
// results.json without "wall".
std::string results_without_wall(const std::string& folder);

}  // namespace soliton
