// A process that holds a folder's lock until it is killed.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "cluster/results/folder_lock.h"

namespace soliton {

class LockHolder {
 public:
  explicit LockHolder(const std::string& folder) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    pid_ = fork();
    if (pid_ == 0) hold(folder, ready[1]);
    char good = 0;
    EXPECT_EQ(read(ready[0], &good, 1), 1);
    EXPECT_EQ(good, 'y');
    close(ready[0]);
    close(ready[1]);
  }
  LockHolder(const LockHolder&) = delete;
  LockHolder& operator=(const LockHolder&) = delete;
  ~LockHolder() {
    kill(SIGKILL);
    reap();
  }

  pid_t pid() const { return pid_; }
  void kill(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }
  void reap() {
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  [[noreturn]] static void hold(const std::string& folder, int ready) {
    const Result<FolderLock> lock = FolderLock::take(folder);
    const char good = lock ? 'y' : 'n';
    if (write(ready, &good, 1) != 1) _exit(1);
    while (true) pause();
  }

  pid_t pid_ = -1;
};

}  // namespace soliton
