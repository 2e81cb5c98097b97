#include "cluster/bench/onnxruntime_peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

extern char** environ;

namespace soliton {
namespace {

constexpr char kScript[] = "onnxruntime_peer.mjs";

Error missing(const std::string& why) {
  return {ErrorCode::kEnvironment,
          fmt::format(
              "ONNX Runtime is not installed for the comparison ({}): ./dev bench npu installs it",
              why)};
}

struct Pipe {
  int read = -1;
  int write = -1;
};

bool open_pipe(Pipe& out) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  out = {ends[0], ends[1]};
  return true;
}

// node SCRIPT with its standard input and output on the pipes; -1 when it cannot be started.
int start_node(const std::string& script, const Pipe& in, const Pipe& out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  std::string program = "node", path = script;
  std::array<char*, 3> arguments{program.data(), path.data(), nullptr};
  pid_t process = -1;
  const int failed =
      posix_spawnp(&process, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? process : -1;
}

}  // namespace

Result<std::unique_ptr<OnnxRuntimePeer>> OnnxRuntimePeer::start(const std::string& folder) {
  const std::string script = folder + "/" + kScript;
  std::error_code none;
  if (!std::filesystem::exists(folder + "/node_modules/onnxruntime-node", none))
    return tl::unexpected<Error>(missing("no package onnxruntime-node"));
  Pipe in, out;
  if (!open_pipe(in) || !open_pipe(out)) return tl::unexpected<Error>(missing("no pipe"));
  std::unique_ptr<OnnxRuntimePeer> peer(new OnnxRuntimePeer);
  peer->process_ = start_node(script, in, out);
  close(in.read);
  close(out.write);
  peer->to_ = fdopen(in.write, "w");
  peer->from_ = fdopen(out.read, "r");
  if (peer->process_ < 0) return tl::unexpected<Error>(missing("no program \"node\""));
  // A small layer shows whether anything answers.
  if (const Result<double> answer = peer->step_us("lstm fp32", 8, 1, 1); !answer)
    return tl::unexpected<Error>(missing(answer.error().message));
  return peer;
}

OnnxRuntimePeer::~OnnxRuntimePeer() {
  if (to_ != nullptr) std::fclose(to_);  // its input ends, and with it the process
  if (from_ != nullptr) std::fclose(from_);
  if (process_ > 0) waitpid(process_, nullptr, 0);
}

Result<double> OnnxRuntimePeer::step_us(const std::string& what, int hidden, int steps, int calls) {
  fmt::print(to_, "{} {} {} {}\n", what, hidden, steps, calls);
  std::fflush(to_);
  std::array<char, 512> line{};
  if (std::fgets(line.data(), line.size(), from_) == nullptr)
    return tl::unexpected<Error>(Error{ErrorCode::kEnvironment, "it ended without an answer"});
  std::string text(line.data());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  char* end = nullptr;
  const double us = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0')
    return tl::unexpected<Error>(Error{ErrorCode::kEnvironment, text});
  return us;
}

}  // namespace soliton
