// Simulates a file system without some feature, for the calling process and its children: chosen
// system calls fail as they would there.
#pragma once

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace soliton {

// The call `number` fails with `error` when its argument `argument` has all `bits` (of 32).
struct Lack {
  long number;
  unsigned argument;
  unsigned bits;
  int error;
};

inline std::vector<Lack> without_locks(int error) { return {{SYS_fcntl, 1, F_OFD_SETLK, error}}; }
inline std::vector<Lack> without_nameless_files() {
  return {{SYS_openat, 2, O_TMPFILE, EOPNOTSUPP}};
}
inline std::vector<Lack> without_hard_links() { return {{SYS_linkat, 0, 0, EPERM}}; }
inline std::vector<Lack> operator+(std::vector<Lack> a, const std::vector<Lack>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Cannot be undone, so call it in a child process. False if the kernel does not support it.
inline bool lack(const std::vector<Lack>& lacks) {
  std::vector<sock_filter> program;
  for (const Lack& it : lacks) {
    program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(it.number), 0, 4));
    program.push_back(BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS,
        static_cast<unsigned>(offsetof(seccomp_data, args) + it.argument * sizeof(std::uint64_t))));
    program.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, it.bits));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, it.bits, 0, 1));
    program.push_back(
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(it.error)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Whether `what` holds in a child process on such a file system.
inline bool holds_without(const std::vector<Lack>& lacks, const std::function<bool()>& what) {
  const pid_t child = fork();
  if (child == 0) _exit(lack(lacks) && what() ? 0 : 1);
  int status = -1;
  return waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace soliton
