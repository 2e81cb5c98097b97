#include "node/runtime/confinement.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace soliton {
namespace {

// Added to the controller's score, of 1,000 for certain death.
constexpr int kEarlierDeath = 200;
constexpr int kLargestScore = 1000;

// Before the process stops being dumpable: then these files are not its own any more.
void die_before_the_controller() {
  const int file = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
  char text[16] = {};
  if (file >= 0 && read(file, text, sizeof text - 1) > 0) {
    const int score = std::min(std::atoi(text) + kEarlierDeath, kLargestScore);
    const std::string said = std::to_string(score);
    static_cast<void>(!pwrite(file, said.data(), said.size(), 0));
  }
  if (file >= 0) close(file);
}

constexpr bool sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
  return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
  return false;
#endif
}

constexpr int kAllowed[] = {
    // descriptors that are open
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close),
    SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(connect),
    SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
    // waiting
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl), SCMP_SYS(timerfd_settime), SCMP_SYS(futex), SCMP_SYS(membarrier),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(sched_yield),
    SCMP_SYS(restart_syscall),
    // memory; mmap and mprotect are below
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // its threads and signals; clone and tgkill are below
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // clocks, chance, and questions about itself
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getrandom), SCMP_SYS(getrusage), SCMP_SYS(getcpu), SCMP_SYS(uname), SCMP_SYS(sysinfo)};

// Who makes one of these is not the program it was. Few, as each costs time at every start; what is in
// neither list fails, like everything that names, makes or removes a file.
constexpr int kDeadly[] = {SCMP_SYS(execve),
                           SCMP_SYS(execveat),
                           SCMP_SYS(fork),
                           SCMP_SYS(vfork),
                           SCMP_SYS(ptrace),
                           SCMP_SYS(process_vm_readv),
                           SCMP_SYS(process_vm_writev),
                           SCMP_SYS(kill),
                           SCMP_SYS(socket),
                           SCMP_SYS(bpf),
                           SCMP_SYS(io_uring_setup)};

// A filter under construction. The first failure stays.
class Filter {
 public:
  // Unknown calls fail as on an older kernel, so that a newer C library finds another way.
  Filter() : filter_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &seccomp_release) {
    if (filter_ == nullptr) failure_ = -ENOMEM;
  }

  void attribute(scmp_filter_attr attribute, std::uint32_t value) {
    if (failure_ == 0) failure_ = seccomp_attr_set(filter_.get(), attribute, value);
  }
  template <typename... Conditions>
  void rule(std::uint32_t action, int call, Conditions... conditions) {
    if (failure_ == 0)
      failure_ =
          seccomp_rule_add(filter_.get(), action, call, sizeof...(conditions), conditions...);
  }
  // 0, or a negative errno.
  int load() { return failure_ != 0 ? failure_ : seccomp_load(filter_.get()); }

 private:
  std::unique_ptr<void, decltype(&seccomp_release)> filter_;
  int failure_ = 0;
};

scmp_arg_cmp bits(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}
scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

// Calls that depend on their arguments.
void add_conditions(Filter& filter) {
  const std::uint32_t allow = SCMP_ACT_ALLOW, kill = SCMP_ACT_KILL_PROCESS;
  filter.rule(allow, SCMP_SYS(clone), bits(0, CLONE_THREAD, CLONE_THREAD));
  filter.rule(kill, SCMP_SYS(clone), bits(0, CLONE_THREAD, 0));
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    filter.rule(allow, call, bits(2, PROT_EXEC, 0));
    filter.rule(kill, call, bits(2, PROT_EXEC, PROT_EXEC));
  }
  filter.rule(allow, SCMP_SYS(tgkill), equals(0, static_cast<std::uint64_t>(getpid())));
  filter.rule(allow, SCMP_SYS(prlimit64), equals(0, 0), equals(2, 0));
  filter.rule(allow, SCMP_SYS(ioctl), equals(1, FIONBIO));
  for (const std::uint64_t command : {F_GETFD, F_SETFD, F_GETFL, F_SETFL})
    filter.rule(allow, SCMP_SYS(fcntl), equals(1, command));
  // C libraries read files of /proc and /sys and have an answer where there is none.
  for (const auto& [call, flags] : {std::pair{SCMP_SYS(open), 1U}, {SCMP_SYS(openat), 2U}}) {
    filter.rule(SCMP_ACT_ERRNO(EACCES), call, bits(flags, O_ACCMODE, O_RDONLY));
    filter.rule(kill, call, bits(flags, O_ACCMODE, O_WRONLY));
    filter.rule(kill, call, bits(flags, O_ACCMODE, O_RDWR));
  }
}

}  // namespace

void give_up_privileges() {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  die_before_the_controller();
  if (std::getenv("SOLITON_DEBUG_NODES") != nullptr) return;
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

Confinement filter_system_calls() {
  if (sanitized()) return {false, "the sanitizers of this build make others"};
  Filter filter;
  filter.attribute(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  filter.attribute(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a search in place of a list
  // Kernels before 5.16 slow a filtered process down, to hide from it what speculation reveals; a node
  // runs no code of others.
  filter.attribute(SCMP_FLTATR_CTL_SSB, 1);
  for (const int call : kAllowed) filter.rule(SCMP_ACT_ALLOW, call);
  for (const int call : kDeadly) filter.rule(SCMP_ACT_KILL_PROCESS, call);
  add_conditions(filter);
  const int loaded = filter.load();
  if (loaded == 0) return {true, ""};
  return {false, std::string("the kernel refuses (") + std::strerror(-loaded) + ")"};
}

}  // namespace soliton
