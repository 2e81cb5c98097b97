#include "cluster/bench/pair.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <new>

namespace soliton {
namespace {

constexpr unsigned kPatienceSeconds = 30;  // then a turn is given up

void pin_to(int number) {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed) && number-- == 0) CPU_SET(cpu, &one);
  if (CPU_COUNT(&one) == 1) sched_setaffinity(0, sizeof one, &one);
}

pid_t start(const PairOptions& options, int core, const std::function<void()>& body) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(kPatienceSeconds);
  if (options.pinned) pin_to(core);
  body();
  _exit(0);
}

bool ended_well(pid_t pid) {
  int status = 0;
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

}  // namespace

std::optional<PairFigures> run_pair(const PairOptions& options,
                                    const std::function<void(PairPage&)>& client,
                                    const std::function<void(PairPage&)>& server) {
  void* const memory = mmap(nullptr, sizeof(PairPage), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return std::nullopt;
  auto* const page = new (memory) PairPage;
  std::fflush(nullptr);
  const pid_t second = start(options, 1, [&] { server(*page); });
  const pid_t first = second > 0 ? start(options, 0, [&] { client(*page); }) : -1;
  const bool client_good = ended_well(first);
  if (!client_good && second > 0) kill(second, SIGKILL);
  const bool server_good = ended_well(second);
  PairFigures figures = page->figures;
  figures.wrong += page->wrong;
  munmap(memory, sizeof(PairPage));
  if (!client_good || !server_good) return std::nullopt;
  return figures;
}

}  // namespace soliton
