#include "cluster/results/lock_file.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

#include "cluster/results/file_io.h"

namespace soliton {
namespace {

constexpr const char* kHead = "soliton-lock ";

// One line of the file; line breaks in a name cannot add a line.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string machine_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return one_line(name);
}

std::string user_name() {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found)
    return one_line(found->pw_name);
  return fmt::format("user {}", geteuid());
}

Result<std::string> new_token() {
  std::array<unsigned char, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return failure(ErrorCode::kEnvironment,
                   fmt::format("no random bytes for a lock ({})", std::strerror(errno)));
  std::string out;
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

// "key value" lines after the head.
std::string field(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(key + " ")) return line.substr(key.size() + 1);
  return "";
}

int number(const std::string& text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? out : 0;
}

// When a living process started, in ticks since boot; "" when there is none.
std::string start_ticks(int pid) {
  const Result<std::string> stat = read_whole_file(fmt::format("/proc/{}/stat", pid));
  // The command's name is in parentheses and may hold anything; the state (field 3) follows the
  // last one.
  const std::size_t name_end = stat ? stat->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return "";
  std::istringstream fields(stat->substr(name_end + 1));
  std::string state, word;
  fields >> state;
  for (int ordinal = 4; ordinal <= 22; ++ordinal) fields >> word;
  return !fields || state == "Z" || state == "X" ? "" : word;
}

}  // namespace

Result<LockOwner> this_process(std::time_t now) {
  Result<std::string> token = new_token();
  if (!token) return tl::unexpected<Error>(token.error());
  LockOwner owner;
  owner.token = *token;
  owner.who = user_name();
  owner.machine = machine_name();
  // Without a boot id, no owner counts as being on the same kernel.
  owner.boot_id =
      one_line(read_whole_file("/proc/sys/kernel/random/boot_id").value_or("unknown-" + *token));
  owner.pid = getpid();
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  owner.when = text;
  return owner;
}

std::string lock_text(const LockOwner& owner) {
  return fmt::format("{}2\ntoken {}\nwho {}\nmachine {}\nboot {}\npid {}\nwhen {}\n", kHead,
                     owner.token, owner.who, owner.machine, owner.boot_id, owner.pid, owner.when);
}

Result<LockOwner> parse_lock(const std::string& text) {
  LockOwner owner;
  owner.version = text.starts_with(fmt::format("{}2\n", kHead))   ? 2
                  : text.starts_with(fmt::format("{}1\n", kHead)) ? 1
                                                                  : 0;
  owner.token = field(text, "token");
  owner.who = field(text, "who");
  owner.machine = field(text, "machine");
  owner.boot_id = field(text, "boot");
  owner.pid = number(field(text, "pid"));
  owner.when = field(text, "when");
  owner.start_ticks = field(text, "start");
  const std::string& identity = owner.version == 1 ? owner.start_ticks : owner.token;
  if (owner.version == 0 || owner.pid <= 0 || owner.boot_id.empty() || identity.empty())
    return invalid("not a lock file of soliton");
  return owner;
}

std::string to_string(const LockOwner& owner) {
  std::string out = fmt::format("process {}", owner.pid);
  if (!owner.who.empty()) out += fmt::format(" of {}", owner.who);
  out += fmt::format(" on {}", owner.machine);
  if (!owner.when.empty()) out += fmt::format(" since {}", owner.when);
  return out;
}

bool is_alive_version_1(const LockOwner& owner) {
  return start_ticks(owner.pid) == owner.start_ticks;
}

}  // namespace soliton
