// Stands in for soliton-node: takes its descriptors, says that it is ready, and does what its name
// tells: "loops" has work and does nothing, "works" moves its pulse for ever, "dies" ends, "mute"
// never says anything, "lies" reports what no node can: a peer lost in a way that there is not.
#include <unistd.h>

#include <string>

#include "fabric/shm/pulse_board.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/reports.h"

int main(int, char** argv) {
  using namespace soliton;
  const std::string name = argv[1];
  ControlSocket control(3);
  const Result<NodeAssignment> assignment = read_assignment(4);
  const Result<PulseBoard> board = PulseBoard::attach(5);
  if (!assignment || !board) return 1;
  if (name == "mute") pause();
  static_cast<void>(control.send(Report{Ready{}}));
  if (!control.receive_command()) return 0;
  if (name == "dies") return 3;
  if (name == "lies") {
    NodeStats stats;
    stats.lost_peers.push_back({});
    stats.lost_peers.back().how = static_cast<LostPeer::How>(200);
    static_cast<void>(control.send(Report{stats}));
  }
  Pulse& pulse = board->of(assignment->deployment.id);
  pulse.begin_work();
  for (;;) {
    if (name == "works") pulse.beat();
    usleep(1000);
  }
}
