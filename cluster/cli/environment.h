// What the program finds around itself: its data files, its node program, its terminal, its
// signals.
#pragma once

#include <atomic>
#include <cstdio>
#include <string>

#include "cluster/spec/spec.h"
#include "protocol/base/time.h"

namespace soliton {

// The folder with configs/ and topologies/: SOLITON_DATA, or share/soliton beside the bin/ of this
// program; in a build folder that leads to the source tree.
DataRoot data_root();
// soliton-node in the folder of this program.
std::string node_program();
// peers/ beside the folder of this program: what `soliton bench` compares with, where it was built.
std::string peers_folder();

bool colours_wanted(std::FILE* stream);  // a terminal, and NO_COLOR is not set

// INT, TERM and HUP ask for an orderly end: the first sets the flag, the second ends the program at
// once (node processes die with it). The flag holds the signal's number.
const std::atomic<int>& watch_signals();
// 130 for INT, 143 for TERM and HUP.
int signal_status(int number);

// "run  431/1,200 requests  12.3 ms emulated", rewritten in place; silent unless standard error is
// a terminal.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);
  ~ProgressLine() { clear(); }
  void show(const std::string& text, std::size_t done, std::size_t of);
  void clear();

 private:
  bool wanted_;
  bool shown_ = false;
};

}  // namespace soliton
