// What runs ask of the kernel, tried out: handles of processes, nameless memory, filters, sockets, and
// locks and nameless files where results go.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cluster/cli/doctor.h"
#include "cluster/engine/udp_check.h"
#include "cluster/report/words.h"
#include "cluster/results/file_io.h"

namespace soliton {
namespace {

// What a carrier over UDP asks for (fabric/udp/udp_carrier.cc).
constexpr std::uint64_t kReceiveBuffer = std::uint64_t{4} << 20;
constexpr std::uint64_t kFreeAmple = std::uint64_t{100} << 20;
constexpr std::size_t kMemfdBytes = std::size_t{64} << 20;

std::string reason() { return std::strerror(errno); }

// Good when something worked; `found` is otherwise errno's text.
MachineCheck tried(const char* name, bool worked, CheckState otherwise, const char* advice) {
  if (worked) return {name, CheckState::kGood, "works", ""};
  return {name, otherwise, reason(), advice};
}

MachineCheck try_pidfd() {
  const FileHandle self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  return tried("pidfd", static_cast<bool>(self), CheckState::kShort,
               "node processes are watched by it; Linux 5.3 or later");
}

MachineCheck try_memfd() {
  const FileHandle memory(memfd_create("soliton-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const bool worked = memory && ftruncate(memory.get(), kMemfdBytes) == 0 &&
                      fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK) == 0;
  return tried("memfd", worked, CheckState::kShort,
               "nodes share memory through it; is there a limit on sizes of files (ulimit -f)?");
}

MachineCheck try_filter() {
  // The kernel looks at the program only where it knows the operation.
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  const bool worked = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
  return tried("seccomp", worked, CheckState::kNote,
               "node processes run without a filter of their system calls");
}

MachineCheck try_loopback() {
  const Status arrives = check_udp_arrives(INADDR_LOOPBACK);
  if (arrives) return {"loopback", CheckState::kGood, "packets arrive", ""};
  return {"loopback", CheckState::kNote, "packets do not arrive",
          "wall time needs it (ip link set lo up), or wall: {carrier: shm}"};
}

MachineCheck try_udp_option(const char* name, int option, int value) {
  const FileHandle socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const bool worked =
      socket_ && setsockopt(socket_.get(), SOL_UDP, option, &value, sizeof value) == 0;
  return tried(name, worked, CheckState::kNote,
               "wall time takes a system call for each packet in place of one for several");
}

// A lock of an open file must keep another one of the same file out.
bool locks_exclude(int folder, const char* name) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  const FileHandle first(openat(folder, name, O_RDWR | O_CLOEXEC));
  const FileHandle second(openat(folder, name, O_RDWR | O_CLOEXEC));
  return first && second && fcntl(first.get(), F_OFD_SETLK, &lock) == 0 &&
         fcntl(second.get(), F_OFD_SETLK, &lock) != 0;
}

// The nearest folder that is there.
std::string existing(const std::string& folder) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::weakly_canonical(folder, error);
  while (!std::filesystem::exists(path, error) && path.has_relative_path())
    path = path.parent_path();
  return path.string();
}

MachineCheck judge_space(const std::string& folder) {
  struct statvfs space {};
  if (statvfs(folder.c_str(), &space) != 0) return {"space", CheckState::kNote, reason(), ""};
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  MachineCheck out{
      "space", CheckState::kGood,
      fmt::format("{} MiB free", group_thousands(static_cast<std::int64_t>(free >> 20))), ""};
  if (free < kFreeAmple) {
    out.state = CheckState::kNote;
    out.advice = "a long run may not find room for its results";
  }
  return out;
}

}  // namespace

MachineCheck judge_receive_buffer(std::uint64_t most) {
  MachineCheck out{
      "socket buffers", CheckState::kGood,
      fmt::format("receive {} bytes at most", group_thousands(static_cast<std::int64_t>(most))),
      ""};
  if (most < kReceiveBuffer) {
    out.state = CheckState::kNote;
    out.advice = fmt::format(
        "wall time may lose packets in bursts (sysctl -w net.core.rmem_max={})", kReceiveBuffer);
  }
  return out;
}

std::vector<MachineCheck> examine_kernel() { return {try_pidfd(), try_memfd(), try_filter()}; }

std::vector<MachineCheck> examine_network() {
  std::vector<MachineCheck> out{try_loopback()};
  std::uint64_t most = 0;
  if (std::ifstream file("/proc/sys/net/core/rmem_max"); file >> most)
    out.push_back(judge_receive_buffer(most));
  out.push_back(try_udp_option("GSO", UDP_SEGMENT, 1400));
  out.push_back(try_udp_option("GRO", UDP_GRO, 1));
  return out;
}

std::vector<MachineCheck> examine_folder(const DoctorOptions& options) {
  const std::string folder = existing(options.folder);
  const FileHandle opened = open_folder(folder);
  std::string name = fmt::format(".soliton-doctor-{}", getpid());
  const FileHandle file(
      opened ? openat(opened.get(), name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)
             : -1);
  if (!file)
    return {{"folder", CheckState::kShort,
             fmt::format("{} cannot be written ({})", folder, reason()), "name one with --out"}};
  MachineCheck lock{"lock", CheckState::kGood, "the kernel's", ""};
  if (!locks_exclude(opened.get(), name.c_str()))
    lock = {"lock", CheckState::kNote, "this file system has none",
            "a folder of a run that was killed is free again after a minute, not at once"};
  unlinkat(opened.get(), name.c_str(), 0);
  const FileHandle nameless(openat(opened.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  MachineCheck whole{"nameless files", CheckState::kGood, "are there", ""};
  if (!nameless)
    whole = {"nameless files", CheckState::kNote, reason(),
             "a run that is killed may leave parts of files, by name .part-"};
  return {{"folder", CheckState::kGood, folder, ""}, lock, whole, judge_space(folder)};
}

}  // namespace soliton
