#include "cluster/cli/environment.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "protocol/base/message.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

std::atomic<int> caught_signal{0};

void on_signal(int number) {
  if (caught_signal.exchange(number) != 0) _exit(signal_status(number));
}

fs::path program_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path(".") : self.parent_path();
}

}  // namespace

DataRoot data_root() {
  if (const char* given = std::getenv("SOLITON_DATA")) return {given};
  std::error_code error;
  return {fs::weakly_canonical(program_folder() / ".." / "share" / "soliton", error).string()};
}

std::string node_program() { return (program_folder() / "soliton-node").string(); }

std::string peers_folder() { return (program_folder() / ".." / "peers").string(); }

bool colours_wanted(std::FILE* stream) {
  return isatty(fileno(stream)) != 0 && std::getenv("NO_COLOR") == nullptr;
}

const std::atomic<int>& watch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
  return caught_signal;
}

int signal_status(int number) { return number == SIGINT ? 130 : 143; }

ProgressLine::ProgressLine(bool wanted) : wanted_(wanted && isatty(STDERR_FILENO) != 0) {}

void ProgressLine::show(const std::string& text, std::size_t done, std::size_t of) {
  if (!wanted_) return;
  constexpr std::size_t kCells = 24;
  const std::size_t full = of ? std::min(kCells, done * kCells / of) : 0;
  std::string bar;
  for (std::size_t i = 0; i < kCells; ++i) bar += i < full ? "█" : "░";
  message_raw(fmt::format("\r\x1b[K{} {}", bar, text));
  shown_ = true;
}

void ProgressLine::clear() {
  if (std::exchange(shown_, false)) message_raw("\r\x1b[K");
}

}  // namespace soliton
